using System.Runtime.CompilerServices;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>Functions with rules of their own.</content>
public static partial class Autodiff
{
    /// <summary>
    /// The function f with a rule of its own for reverse mode, which is used in the place of f's derivative. Under forward mode it is an
    /// error, except around a reverse mode (Hvp, Hessian).
    /// </summary>
    /// <remarks>
    /// The deepest differentiating transform takes the rule; transforms around it differentiate what forward and backward are made of. What
    /// is differentiated must be among the arguments: a captured one is an error.
    /// </remarks>
    /// <param name="f">The function; it runs where nothing is differentiated.</param>
    /// <param name="forward">f's result, and what the gradient needs: a structure of tensors.</param>
    /// <param name="backward">From that and the gradient g of the result (of its structure) the gradient of x, of x's structure.</param>
    public static Func<TIn, TOut> CustomVjp<TIn, TOut, TResiduals>(
        Func<TIn, TOut> f, Func<TIn, (TOut Y, TResiduals Residuals)> forward, Func<TResiduals, TOut, TIn> backward) => x =>
    {
        var form = Form(x);
        TOut? result = default;
        TResiduals? kept = default;
        return Applied(
            new Custom
            {
                Name = "CustomVjp",
                Author = Author(backward),
                Value = given => Parts(f(Tree.Rebuild(form, given)), out result),
                Forward = given =>
                {
                    var (y, residuals) = forward(Tree.Rebuild(form, given));
                    return (Parts(y, out result), Parts(residuals, out kept));
                },
                Backward = (residuals, g) => PartsLike(
                    "CustomVjp", form, "the argument", backward(Tree.Rebuild(kept!, residuals), Tree.Rebuild(result!, g)), "the rule's gradient"),
            },
            x,
            ref result);
    };

    /// <summary>
    /// The function f with a rule of its own for its tangent, which is used in the place of f's derivative: in forward mode as it is, in
    /// reverse mode transposed (so it must be linear in t, and made of differentiable ops).
    /// </summary>
    /// <remarks>
    /// What is differentiated must be among the arguments: a captured one is an error. So is, in reverse mode, a tangent that is not linear in
    /// t. That is told from the ops between t and the tangent; where something was added to what depends on t, or put in its place in parts
    /// (<c>Where(mask, t, 0)</c>; a product with the mask is cheaper), one number is read from the device, to see that the tangent is 0 where
    /// t is. What happens within Checkpoint or another custom rule is not looked into: <see cref="Gradcheck"/> finds it.
    /// </remarks>
    /// <param name="f">The function; it runs where nothing is differentiated, and for the value in reverse mode.</param>
    /// <param name="rule">From x and t, of x's structure, f's result and its tangent.</param>
    public static Func<TIn, TOut> CustomJvp<TIn, TOut>(Func<TIn, TOut> f, Func<TIn, TIn, (TOut Y, TOut Tangent)> rule) => x =>
    {
        var form = Form(x);
        TOut? result = default;
        return Applied(
            new Custom
            {
                Name = "CustomJvp",
                Author = Author(rule),
                Value = given => Parts(f(Tree.Rebuild(form, given)), out result),
                Jvp = both =>
                {
                    int count = both.Length / 2;
                    var (y, tangent) = rule(Tree.Rebuild(form, both[..count]), Tree.Rebuild(form, both[count..]));
                    Tensor[] values = Parts(y, out result);
                    Tensor[] tangents = PartsLike("CustomJvp", y, "the rule's result", tangent, "its tangent");
                    return [.. values, .. Fitting(tangents, values)];
                },
            },
            x,
            ref result);
    };

    /// <summary>The method that a function is, or that a lambda or local function stands in: <c>Program.Main</c>.</summary>
    private static string Author(Delegate rule)
    {
        var type = rule.Method.DeclaringType;
        while (type?.DeclaringType is { } outer && type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
        {
            type = outer;
        }

        // The compiler calls a lambda in F <F>b__0, and a local function Rule in it <F>g__Rule|0; F is <Main>$ for top-level statements.
        string name = rule.Method.Name;
        int depth = name.Length - name.TrimStart('<').Length;
        name = depth > 0 ? name[depth..name.IndexOf('>')] : name;
        return type is null ? name : $"{type.Name}.{name}";
    }

    private static TOut Applied<TIn, TOut>(Custom function, TIn x, ref TOut? result)
    {
        var y = function.Apply(Parts(x, out _));
        return Tree.Rebuild(result!, y);
    }

    /// <summary>The tensors of a structure as what they stand for, and the structure without them.</summary>
    private static Tensor[] Parts<T>(T tree, out T form)
    {
        form = Form(tree);
        return [.. Tree.Flatten(tree).Select(t => Scope.Resolved(t).Strong(DType.Float32, Device.Cpu))];
    }

    /// <summary>The tensors of a structure that must be like another, in that one's order.</summary>
    private static Tensor[] PartsLike<T>(string name, T like, string whole, T tree, string what) =>
        [.. TreeMatch.Pairs(name, new(whole), like, new(what), tree).Select(pair => Scope.Resolved(pair.Given).Strong(DType.Float32, Device.Cpu))];

    private static Tensor[] Fitting(Tensor[] tangents, Tensor[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (tangents[i].Shape != values[i].Shape || (values[i].DType.IsReal() && tangents[i].DType != values[i].DType))
            {
                throw new InvalidOperationException(
                    $"CustomJvp: the rule returned a tangent {tangents[i].DType.Name()} {tangents[i].Shape} for a result " +
                    $"{values[i].DType.Name()} {values[i].Shape}.");
            }
        }

        return tangents;
    }
}
