using System.Text.RegularExpressions;
using Gpu.Autograd.Kernels;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using Xunit.Abstractions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>The kernels that captured steps put together compile to what their parts do.</summary>
public sealed class TogetherTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("Along")]
    [InlineData("Beside")]
    [InlineData("Updated")]
    [InlineData("Whole")]
    [InlineData("Wholly")]
    public void WhatCapturedStepsPutTogetherIsAmongAllKernels(string kind)
    {
        foreach (var sources in new[] { EveryKernel.Ptx, EveryKernel.OpenCl })
        {
            Assert.Contains(sources.Keys, kernel => $"{kernel}".Contains($"Kernels.{kind}`", StringComparison.Ordinal));
        }
    }

    /// <summary>The matrices, arguments and rows of a whole are read by quads.</summary>
    [Theory]
    [InlineData("F32", 4)]
    [InlineData("F64", 2)]
    public void AWholeReadsSixteenBytesAtOnce(string type, int elements)
    {
        var wholes = EveryKernel.Ptx.Where(source => $"{source.Key}".Contains("Kernels.Whole`", StringComparison.Ordinal) && $"{source.Key}".Contains(type, StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(wholes);
        Assert.All(wholes, source => Assert.Contains($"ld.global.v{elements}", source.Value));
        Assert.All(wholes, source => Assert.Contains($"ld.shared.v{elements}", source.Value));
    }

    [Fact]
    public void AGroupSeesInOpenClWhatItWroteToTheDevice()
    {
        var along = EveryKernel.OpenCl.Where(source => source.Key.Name.StartsWith("Along", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(along);
        Assert.All(along, source => Assert.All(
            Regex.Matches(source.Value, @"barrier\(([^)]*)\)"), barrier => Assert.Contains("CLK_GLOBAL_MEM_FENCE", barrier.Groups[1].Value)));
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
    }

    /// <summary>
    /// What is put together for a GPU, run on OpenCL: on a CPU it takes long to compile, so that there a step is left in smaller parts but here.
    /// </summary>
    [SkippableFact]
    public void AWholeLearnsTheSameOnOpenCl()
    {
        IlgpuDeviceTests.Require("opencl:0").Close();
        var context = Context.Create(builder => builder.OpenCL(_ => true).Optimize(OptimizationLevel.O2)).WithStructuresByParts();
        var made = context.GetCLDevices()[0];
        made.Capabilities.GetType().GetProperty(nameof(made.Capabilities.GenericAddressSpace))!.SetValue(made.Capabilities, true);
        var backend = new Wholes(made.CreateAccelerator(context));
        var device = new Device("opencl:0", backend);
        Assert.Equal(Loss(Device.Cpu), Loss(device), 1e-6);
        var wholes = device.CompiledKernels.Where(kernel => kernel.Name.StartsWith("Whol", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, wholes.Length);
        output.WriteLine(string.Join('\n', device.CompiledKernels.Select(kernel => $"{kernel.Time.TotalSeconds:f2} s: {kernel.Name}")));
        backend.Close();
    }

    /// <summary>The loss of a small net after five captured steps.</summary>
    internal static double Loss(Device device)
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

    private sealed class Wholes(Accelerator accelerator) : IlgpuBackend<LargeGroups>("opencl:0", accelerator)
    {
        private protected override bool MakesWholes => true;
    }
}
