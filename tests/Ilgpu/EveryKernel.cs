using Gpu.Autograd.Ops;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// Has a device launch what the library can: every member of the seam, every op of the table with its gradients and tangents in both real types,
/// and steps that are captured, whose kernels are put together from others.
/// </summary>
internal static class EveryKernel
{
    private static readonly Lazy<(Dictionary<Type, string> OfSeam, Dictionary<Type, string> All)> ForCuda = new(() => Compiled(CompilingBackend.Ptx()));

    private static readonly Lazy<(Dictionary<Type, string> OfSeam, Dictionary<Type, string> All)> ForOpenCl = new(() => Compiled(CompilingBackend.OpenCl()));

    /// <summary>The PTX of all kernels, for sm_80.</summary>
    internal static IReadOnlyDictionary<Type, string> Ptx => ForCuda.Value.All;

    /// <summary>The PTX of those kernels that the seam's members launch by themselves.</summary>
    internal static IReadOnlyDictionary<Type, string> PtxOfSeam => ForCuda.Value.OfSeam;

    /// <summary>The OpenCL C of all kernels.</summary>
    internal static IReadOnlyDictionary<Type, string> OpenCl => ForOpenCl.Value.All;

    /// <summary>The ops of the table, their gradients and their tangents.</summary>
    internal static void Walk(Device device, DType dtype)
    {
        foreach (var row in OpTable.Rows)
        {
            var generator = new Generator(1);
            Tensor[] x = [.. row.Shapes[^1].Select(shape => generator.Uniform(shape, row.Domain.Low, row.Domain.High, dtype: dtype).To(device))];
            row.Apply(x);
            for (int k = 0; row.Order > 0 && k < x.Length; k++)
            {
                int moving = k;
                Tensor Along(Tensor t) => row.Apply([.. x.Select((other, i) => i == moving ? t : other)]);
                var (y, pullback) = Autodiff.Vjp(Along, x[k]);
                pullback(Tensor.Ones(y.Shape, y.DType, device));
                Autodiff.Jvp(Along, x[k], Tensor.Ones(x[k].Shape, dtype, device));
            }
        }
    }

    private static (Dictionary<Type, string> OfSeam, Dictionary<Type, string> All) Compiled(CompilingBackend backend)
    {
        using (backend)
        {
            EveryOp.Run(backend);
            EveryOp.RunLarge(backend);
            var ofSeam = new Dictionary<Type, string>(backend.Sources);
            var device = new Device("compiling", backend);
            foreach (var dtype in new[] { DType.Float32, DType.Float64 })
            {
                Walk(device, dtype);
                foreach (bool wholes in new[] { true, false })
                {
                    backend.HasWholes = wholes;
                    Capture(device, dtype, [64, 64, 10]);
                }

                Capture(device, dtype, [500, 90, 90]);
            }

            return (ofSeam, backend.Sources);
        }
    }

    /// <summary>Three layers, of so many rows of 100 to begin with, trained by Adam.</summary>
    private static void Capture(Device device, DType dtype, int[] widths)
    {
        Tensor[] weights = [.. widths.Zip([100, .. widths], (n, k) => Tensor.Ones([n, k], dtype, device))];
        foreach (var w in weights)
        {
            w.RequiresGrad = true;
        }

        var optimizer = new Adam(weights, learningRate: 0.01);
        var step = Step.Capture((Tensor x, Tensor labels) =>
        {
            optimizer.ZeroGrad();
            var loss = x.Linear(weights[0]).Tanh().Linear(weights[1]).Relu().Linear(weights[2]).CrossEntropy(labels);
            loss.Backward();
            optimizer.Step();
            return loss;
        });
        for (int run = 0; run < 4; run++)
        {
            step.Run(Tensor.Ones([70, 100], dtype, device), Tensor.Zeros([70], DType.Int64, device));
        }
    }
}
