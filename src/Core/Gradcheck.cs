namespace Gpu.Autograd;

/// <summary>
/// Checks the derivatives of a function, by every mode, against differences of its values: for tests of functions, modules and ops.
/// </summary>
/// <remarks>
/// The differences are central, of the fourth order, along random directions; where one disagrees, smaller and larger steps are tried,
/// until it is known what the differences themselves are worth. Then each element of the arguments is moved in turn, so that the report can
/// name it, and each op that f runs is checked by itself, so that the report can name that. Within the tolerance is
/// |expected − got| ≤ tolerance·|expected| + the error of the difference, which is some 10⁻¹⁵·|f|/step where rounding makes it: f may be
/// as small or as large as it likes.
/// </remarks>
public static class Gradcheck
{
    /// <summary>
    /// Checks f at x: its value is finite and the same twice, forward and reverse mode agree with differences of f, and (order 2) all four
    /// mixtures of them with differences of its gradient.
    /// </summary>
    /// <param name="f">The function, of a structure of tensors (<see cref="Tree"/>) to another.</param>
    /// <param name="x">Where; float64, away from kinks. Numbers and names in it are left alone.</param>
    /// <param name="order">The highest derivative that is checked, 1 or 2.</param>
    /// <param name="forward">
    /// Whether forward mode is applied to f. False for a function with a <see cref="Autodiff.CustomVjp"/>, which has none: then reverse
    /// mode is checked, and (order 2) forward and reverse mode over it.
    /// </param>
    /// <param name="tolerance">The relative error that is allowed.</param>
    /// <param name="step">How far the differences reach first, relative to the largest element of each argument.</param>
    /// <param name="seed">What the random directions come from.</param>
    /// <exception cref="ArgumentException">A tensor is not float64, or there is none.</exception>
    public static GradcheckReport Check<TIn, TOut>(
        Func<TIn, TOut> f, TIn x, int order = 2, bool forward = true, double tolerance = 1e-6, double step = 1e-4,
        ulong seed = 0)
    {
        if (order is not (1 or 2))
        {
            throw new ArgumentOutOfRangeException(nameof(order), $"Gradcheck: an order of {order} is neither 1 nor 2.");
        }

        if (!(step > 0 && tolerance >= 0 && double.IsFinite(step)))
        {
            throw new ArgumentOutOfRangeException(null, $"Gradcheck: the step {step} or the tolerance {tolerance} is not positive.");
        }

        Tensor[] arguments = [.. Tree.Flatten(x).Select(argument => argument.Strong(DType.Float64, Device.Cpu).Detach())];
        if (arguments.Length == 0)
        {
            throw new ArgumentException("Gradcheck: there is no tensor in the argument.");
        }

        var paths = Tree.Paths(x);
        RequireDouble(arguments, k => paths[k].Length > 0 ? $"the argument's {paths[k]}" : $"argument {k}");
        var run = new GradcheckRun(Outputs, arguments, forward, tolerance, step, new Generator(seed));
        return new GradcheckReport(
            [.. run.Failures(order).Select(failure => failure.Argument is { } k ? failure with { Path = paths[k] } : failure)]);

        // Integers among the results, such as an index, have no derivative.
        Tensor[] Outputs(Tensor[] moved)
        {
            Tensor[] outputs = [.. Tree.Flatten(f(Tree.Rebuild(x, moved)))
                .Select(output => output.Strong(DType.Float64, arguments[0].Device)).Where(output => output.DType.IsReal())];
            RequireDouble(outputs, k => $"result {k}");
            if (outputs.Length == 0)
            {
                throw new ArgumentException("Gradcheck: there is no real tensor in the result.");
            }

            return outputs;
        }
    }

    /// <summary>The same check, for a test: it throws where something is wrong.</summary>
    /// <exception cref="GradcheckException">Something is wrong; the message is the report.</exception>
    /// <exception cref="ArgumentException">A tensor is not float64, or there is none.</exception>
    public static void Assert<TIn, TOut>(
        Func<TIn, TOut> f, TIn x, int order = 2, bool forward = true, double tolerance = 1e-6, double step = 1e-4,
        ulong seed = 0)
    {
        var report = Check(f, x, order, forward, tolerance, step, seed);
        if (!report.Passed)
        {
            throw new GradcheckException(report);
        }
    }

    private static void RequireDouble(Tensor[] tensors, Func<int, string> name)
    {
        for (int k = 0; k < tensors.Length; k++)
        {
            if (tensors[k].DType == DType.Float32)
            {
                throw new ArgumentException(
                    $"Gradcheck: {name(k)} is float32 {tensors[k].Shape}; differences need float64, as the 7 digits of float32 leave them " +
                    "too few to tell a wrong derivative from rounding. Convert with To(DType.Float64).");
            }

            if (!tensors[k].DType.IsReal())
            {
                throw new ArgumentException(
                    $"Gradcheck: {name(k)} is {tensors[k].DType.Name()} {tensors[k].Shape} and has no gradient; use it in the function " +
                    "without making it an argument.");
            }
        }
    }
}
