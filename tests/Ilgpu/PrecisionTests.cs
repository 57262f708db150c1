using Gpu.Autograd.Kernels;
using Gpu.Autograd.Optim;
using ILGPU;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>A device without float64 runs all but tensors of float64: ops with numbers among their fields, too.</summary>
public sealed class PrecisionTests
{
    static PrecisionTests() => Environment.SetEnvironmentVariable("GPU_AUTOGRAD_OPENCL_ANY", "1");

    /// <summary>Every op of the table, its gradients and tangents in float32, compiled for a device for which a double is an error.</summary>
    [Fact]
    public void EveryOpOfFloat32CompilesWithoutFloat64()
    {
        using var backend = CompilingBackend.OpenCl(float64: false);
        var device = new Device("compiling", backend);
        EveryKernel.Walk(device, DType.Float32);
        Assert.True(backend.Sources.Count > 250, $"{backend.Sources.Count} kernels");
    }

    /// <summary>A layer is trained, a tensor printed, eager and captured, and integers are computed with, where the driver has no float64.</summary>
    [SkippableFact]
    public void ADeviceWithoutFloat64TrainsInFloat32()
    {
        var device = WithoutFloat64();
        float[] expected = Losses(Device.Cpu), actual = Losses(device);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));

        var whole = Tensor.From<long>([-5, 3, 1L << 40], device: device);
        Assert.Equal([-15, 9, 3L << 40], (whole * 3).ToArray<long>());
        Assert.Equal([-2, 3, 1L << 33], whole.Clamp(-2, 1L << 33).ToArray<long>());
        Assert.Equal([0, 1], Tensor.From([1]).To(device).OneHot(2).ToArray<float>()[..2]);
        Assert.StartsWith("[-1.25  3.  ]", $"{Tensor.From<float>([-0.5f, 1.2f], device: device) * 2.5}");

        var error = Assert.Throws<NotSupportedException>(() => Tensor.Ones([2], DType.Float64, device).Exp());
        Assert.StartsWith("opencl:0: the device cannot do what the kernel ", error.Message);
        Assert.Contains("float64, say", error.Message);

        // An op of one's own with a double among its fields: the error says what to write.
        Assert.Contains("of the type Number", Assert.Throws<NotSupportedException>(() => Tensor.Ones([2], device: device).Map(new Line(2))).Message);
        Assert.Equal(5, (whole + 2).ToArray<long>()[1]);

        static float[] Losses(Device device)
        {
            var w = new Generator(5).Normal([6, 3]).To(device);
            w.RequiresGrad = true;
            var optimizer = new Adam([w], 0.02, weightDecay: 0.01);
            var step = Step.Capture((x, y) =>
            {
                optimizer.ZeroGrad();
                var loss = (x.MatMul(w) * 0.5).LeakyRelu(0.1).Clamp(-3, 3).CrossEntropy(y);
                loss.Backward();
                optimizer.Step();
                return loss;
            });
            return [.. Enumerable.Range(0, 5).Select(i => step.Run(
                new Generator((ulong)i).Normal([4, 6]).To(device), Tensor.From<long>([0, 1, 2, 1], device: device)).ToArray<float>()[0])];
        }
    }

    /// <summary>The first OpenCL device, as one whose driver says that it has no float64.</summary>
    private static Device WithoutFloat64()
    {
        IlgpuDeviceTests.Require("opencl:0").Close();
        var context = Context.Create(builder => builder.OpenCL(_ => true).Optimize(OptimizationLevel.O2));
        var device = context.GetCLDevices()[0];
        foreach (var (capability, has) in new[] { (nameof(device.Capabilities.Float64), false), (nameof(device.Capabilities.GenericAddressSpace), true) })
        {
            device.Capabilities.GetType().GetProperty(capability)!.SetValue(device.Capabilities, has);
        }

        return new Device("opencl:0", new IlgpuBackend<LargeGroups>("opencl:0", device.CreateAccelerator(context)));
    }

    private readonly struct Line(double slope) : IUnary
    {
        public T Value<T>(T x)
            where T : IReal<T> => T.Param(slope) * x;

        public T Slope<T>(T x, T y)
            where T : IReal<T> => T.Param(slope);
    }
}
