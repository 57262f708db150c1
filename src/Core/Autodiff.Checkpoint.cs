using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <content>Memory for time.</content>
public static partial class Autodiff
{
    /// <summary>
    /// f(x), whose intermediate values are not kept for the gradient but computed again when it is asked for: a network's memory grows with
    /// the number of checkpointed parts and the size of one part, not with the depth. Gradients reach x and also what f captured
    /// (parameters, tensors of outer transforms); all modes and orders work.
    /// </summary>
    /// <remarks>
    /// f runs more than once and must do the same each time; the random numbers that it draws are the same each time. That a captured tensor
    /// without a gradient was overwritten in between is not noticed. What f writes or counts on the side happens each time; the running statistics of a <see cref="Nn.BatchNorm"/> move once.
    /// </remarks>
    /// <param name="f">A function of a structure of tensors, with a structure of tensors for its result.</param>
    /// <param name="x">The argument.</param>
    public static TOut Checkpoint<TIn, TOut>(Func<TIn, TOut> f, TIn x)
    {
        var form = Form(x);
        TOut? result = default;
        Tensor[] arguments = [.. Tree.Flatten(x).Select(argument => Scope.Resolved(argument).Strong(DType.Float32, Device.Cpu))];
        var y = Recomputation.Run(
            given =>
            {
                var y = f(Tree.Rebuild(form, given));
                result = Form(y);
                return [.. Tree.Flatten(y)];
            },
            arguments);
        return Tree.Rebuild(result!, y);
    }

    /// <summary>The structure without its tensors, so that these need not be held for its sake.</summary>
    private static T Form<T>(T tree) => Tree.Map(tree, _ => 0);
}
