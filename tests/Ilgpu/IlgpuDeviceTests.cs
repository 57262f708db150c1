using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>The devices themselves. PoCL, an OpenCL for CPUs that ILGPU would turn down, is let in: it is a real compiler and runtime.</summary>
public sealed class IlgpuDeviceTests
{
    // The host watches all memory for races meanwhile.
    private static readonly Lazy<EveryOp> OnTheHost = new(() => EveryOp.Run(new HostBackend(seed: 1)));

    static IlgpuDeviceTests() => Environment.SetEnvironmentVariable("GPU_AUTOGRAD_OPENCL_ANY", "1");

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void EveryKernelGivesWhatTheHostGives(string name)
    {
        var device = Require(name);
        var expected = OnTheHost.Value.Results;
        var actual = EveryOp.Run(device).Results;
        for (int i = 0; i < expected.Count; i++)
        {
            double tolerance = expected[i].DType switch { DType.Float32 => 2e-6, DType.Float64 => 1e-14, _ => 0 };
            double scale = expected[i].Elements.Where(double.IsFinite).Select(Math.Abs).Append(1).Max();
            for (int k = 0; k < expected[i].Elements.Length; k++)
            {
                double y = actual[i].Elements[k];
                double e = expected[i].Elements[k];
                Assert.True(
                    y.Equals(e) || Math.Abs(y - e) <= tolerance * scale, $"{expected[i].Call}, element {k}: {name} gives {y:R}, the host {e:R}.");
            }
        }
    }

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void WhatWasCompiledIsListedOnceWithItsTime(string name)
    {
        var device = Require(name);
        var x = new Operand(new Storage(device, 4), new Layout(new Shape(1)), DType.Float32);
        device.Map(new Hidden(1), x, x);
        device.Map(new Hidden(2), x, x);
        var kernel = Assert.Single(device.CompiledKernels, kernel => kernel.Name.Contains(nameof(Hidden)));
        Assert.StartsWith("Each<Map1<Hidden, F32", kernel.Name);
        Assert.InRange(kernel.Time, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(5));
    }

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void AnOpThatIsNotPublicRuns(string name)
    {
        var device = Require(name);
        var x = new Operand(new Storage(device, 4), new Layout(new Shape(1)), DType.Float32);
        device.Fill(3, x);
        device.Map(new Hidden(2), x, x);
        Span<byte> bytes = stackalloc byte[4];
        device.Download(x.Storage, 0, bytes);
        Assert.Equal(7, BitConverter.ToSingle(bytes));
    }

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void AnOpThatCannotBeCompiledIsNamedAndHarmsNoOther(string name)
    {
        var device = Require(name);
        var x = new Operand(new Storage(device, 4), new Layout(new Shape(1)), DType.Float32);
        for (int i = 0; i < 2; i++)
        {
            var error = Assert.Throws<NotSupportedException>(() => device.Map(new Throws(), x, x));
            Assert.StartsWith($"{name}: the op Throws cannot be compiled for this device", error.Message);
        }

        device.Fill(3, x);
        device.Map(new Hidden(2), x, x);
        device.Map(new HyperbolicTangent(), x, x);
        Span<byte> bytes = stackalloc byte[4];
        device.Download(x.Storage, 0, bytes);
        Assert.Equal(MathF.Tanh(7), BitConverter.ToSingle(bytes), 1e-6);
    }

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("cuda:0")]
    public void TooMuchMemoryIsSaidInBytes(string name)
    {
        var device = Require(name);
        var error = Assert.Throws<OutOfMemoryException>(() => device.Allocate(1L << 50));
        Assert.StartsWith($"{name}: 1125899906842624 bytes were asked for, 0 of ", error.Message);
    }

    [SkippableTheory]
    [InlineData("accelerator")]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void ABlockOutlivesTheStorageThatWasCollected(string name)
    {
        var device = Require(name);
        Fill(device);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(1024, device.Pool.Use.IdleBytes);
        Fill(device);
        Assert.Equal(1, device.Pool.Use.Blocks);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Fill(Backend device)
        {
            var x = new Operand(new Storage(device, 1024), new Layout(new Shape(256)), DType.Float32);
            device.Fill(1, x);
            device.Synchronize();
            GC.KeepAlive(x.Storage);
        }
    }

    /// <summary>The registry forgets a device that is closed: the next who asks gets one that works.</summary>
    [Fact]
    public void AClosedDeviceIsOpenedAnew()
    {
        var first = Gpu.Autograd.Device.Parse("accelerator");
        Assert.Same(first, Gpu.Autograd.Device.Parse("accelerator"));
        first.Close();

        var second = Gpu.Autograd.Device.Parse("accelerator");
        Assert.NotSame(first, second);
        Assert.Throws<ObjectDisposedException>(() => Tensor.Ones([2], device: first));
        Assert.Equal(2, Tensor.Ones([2], device: second).Sum().Item());
    }

    [Fact]
    public void EachKindIsListedAndTheAbsentSayWhy()
    {
        var devices = IlgpuDevices.List();
        foreach (var kind in new[] { DeviceKind.Cuda, DeviceKind.OpenCl, DeviceKind.Accelerator })
        {
            Assert.Contains(devices, device => device.Kind == kind);
        }

        Assert.All(devices.Where(device => device.Problem is not null), device => Assert.EndsWith(".", device.Problem));
        Assert.Null(devices.Single(device => device.Name == "accelerator").Problem);
    }

    [Fact]
    public void ADeviceThatIsNotThereIsNamed()
    {
        var error = Assert.Throws<DeviceNotFoundException>(() => IlgpuDevices.Open("opencl:77"));
        Assert.StartsWith("There is no device opencl:77 here", error.Message);
        Assert.Contains("accelerator (ILGPU CPU accelerator, ", error.Message);
    }

    internal static Backend Require(string name)
    {
        var info = IlgpuDevices.List().FirstOrDefault(device => device.Name == name);
        Skip.If(info?.Problem is not null || info is null, $"{name}: {info?.Problem}");
        return IlgpuDevices.Open(name);
    }

    private readonly struct Hidden(double factor) : IMap1
    {
        public T Value<T>(T x)
            where T : IReal<T> => (T.Param(factor) * x) + T.One;
    }

    private readonly struct Throws : IMap1
    {
        public T Value<T>(T x)
            where T : IReal<T> => throw new InvalidOperationException();
    }
}
