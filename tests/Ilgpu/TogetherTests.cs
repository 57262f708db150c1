using System.Text.RegularExpressions;
using Gpu.Autograd.Kernels;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using ILGPU;
using ILGPU.Runtime.CPU;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>The kernels that captured steps put together compile to what their parts do.</summary>
public sealed class TogetherTests
{
    [Theory]
    [InlineData(70, DType.Float32)]
    [InlineData(80, DType.Float64)]
    [InlineData(90, DType.Float32)]
    public void KernelsPutTogetherAreStraightPtx(int architecture, DType dtype)
    {
        using var device = CompilingBackend.Ptx(architecture, wholes: false);
        Capture(device, dtype, [64, 64, 10]);
        Assert.Contains(device.Sources.Keys, kernel => kernel.Name.StartsWith("Along", StringComparison.Ordinal));
        Assert.Contains(device.Sources.Keys, kernel => kernel.Name.StartsWith("Beside", StringComparison.Ordinal));
        foreach (var (kernel, source) in device.Sources)
        {
            Assert.False(Regex.IsMatch(source, @"\bcall\b|\.local\b|\.approx\b|\b(atom|red)\.", RegexOptions.Multiline), $"{kernel}");
            Assert.False(Regex.IsMatch(source, @"^\s*(ld|st)\.[fbus]\d", RegexOptions.Multiline), $"{kernel}");
            Assert.InRange(new Ptx(source).SharedBytes, 0, 48 << 10);
        }
    }

    /// <summary>A step of a small net as a whole; in float64 its matrices come to shared memory in parts.</summary>
    [Theory]
    [InlineData(70, DType.Float32)]
    [InlineData(80, DType.Float64)]
    [InlineData(90, DType.Float32)]
    public void AWholeIsStraightPtx(int architecture, DType dtype)
    {
        using var device = CompilingBackend.Ptx(architecture);
        Capture(device, dtype, [64, 64, 10]);
        var sources = device.Sources.Where(source => $"{source.Key}".Contains("Kernels.Whol", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, sources.Length);
        foreach (var (kernel, source) in sources)
        {
            var ptx = new Ptx(source);
            Assert.False(Regex.IsMatch(source, @"\bcall\b|\.local\b|\.approx\b|\b(atom|red)\.", RegexOptions.Multiline), $"{kernel}");
            Assert.False(Regex.IsMatch(source, @"^\s*(ld|st)\.[fbus]\d", RegexOptions.Multiline), $"{kernel}");
            Assert.InRange(ptx.SharedBytes, 0, 48 << 10);
        }

        // Matrices, arguments and rows are read by quads.
        Assert.Contains(sources, source => source.Value.Contains($"ld.global.v{(dtype == DType.Float32 ? 4 : 2)}", StringComparison.Ordinal));
        Assert.Contains(sources, source => source.Value.Contains($"ld.shared.v{(dtype == DType.Float32 ? 4 : 2)}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(70, DType.Float32)]
    [InlineData(80, DType.Float64)]
    public void AStepWhereTheGradientIsComputedIsStraightPtx(int architecture, DType dtype)
    {
        using var device = CompilingBackend.Ptx(architecture);
        Capture(device, dtype, [500, 90, 90]);
        string source = device.Sources.First(source => $"{source.Key}".Contains("Updated", StringComparison.Ordinal)).Value;
        Assert.False(Regex.IsMatch(source, @"\bcall\b|\.local\b|\.approx\b|\b(atom|red)\.", RegexOptions.Multiline));
        Assert.InRange(new Ptx(source).SharedBytes, 0, 48 << 10);
    }

    [Fact]
    public void AGroupSeesInOpenClWhatItWroteToTheDevice()
    {
        using var device = CompilingBackend.OpenCl(wholes: false);
        Capture(device, DType.Float32, [64, 64, 10]);
        string source = device.Sources.Single(source => source.Key.Name.StartsWith("Along", StringComparison.Ordinal)).Value;
        Assert.All(Regex.Matches(source, @"barrier\(([^)]*)\)"), barrier => Assert.Contains("CLK_GLOBAL_MEM_FENCE", barrier.Groups[1].Value));
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(700, false)]
    public void WhatHasNoRoomIsLaunchedInParts(int mostBytes, bool isTogether)
    {
        using var context = Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));
        var backend = new IlgpuBackend<SmallGroups>("small", context.Devices[0].CreateAccelerator(context), mostBytes: mostBytes);
        var device = new Device("small", backend);
        double expected = Loss(Device.Cpu);
        Assert.Equal(expected, Loss(device), 1e-6);

        Assert.Equal(isTogether, device.CompiledKernels.Any(kernel => kernel.Name.StartsWith("Whole<", StringComparison.Ordinal)));
        backend.Close();

        static double Loss(Device device)
        {
            var generator = new Generator(1);
            var net = new Sequential(new Linear(5, 4, generator: generator), new Tanh(), new Linear(4, 3, generator: generator)).To(device);
            var optimizer = new Sgd(net.Parameters, 0.1);
            var step = Step.Capture((Tensor x, Tensor labels) =>
            {
                optimizer.ZeroGrad();
                var mean = net.Forward(x).CrossEntropy(labels);
                mean.Backward();
                optimizer.Step();
                return mean;
            });
            var x = generator.Normal([6, 5]).To(device);
            var labels = Tensor.From<long>([0, 1, 2, 0, 1, 2], device: device);
            double loss = 0;
            for (int i = 0; i < 5; i++)
            {
                loss = step.Run(x, labels).Item();
            }

            return loss;
        }
    }

    private static void Capture(Backend backend, DType dtype, int[] widths)
    {
        var device = new Device("compiling", backend);
        Tensor[] weights = [.. widths.Zip([100, .. widths], (n, k) => Tensor.Ones([n, k], dtype, device))];
        foreach (var w in weights)
        {
            w.RequiresGrad = true;
        }

        var optimizer = new Optim.Adam(weights, learningRate: 0.01);
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
