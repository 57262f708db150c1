using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Runtime.CPU;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>What the driver is asked for, and what becomes of its refusals; on a driver that only keeps the books of a stream.</summary>
public sealed class CudaGraphTests
{
    private const nint Stream = 77;

    [Fact]
    public void WhatIsRecordedIsNotedAndThenLaunchedAsOne()
    {
        var driver = new FakeDriver();
        var graphs = new CudaGraphs(driver, Stream);
        int runs = 0;
        var replay = graphs.Record(() =>
        {
            driver.Enqueue(() => runs++);
            driver.Enqueue(() => runs++);
        });
        Assert.Equal(0, runs);
        Assert.Equal(["begin 77", "end 77", "instantiate 1", "destroy graph 1"], driver.Asked);
        driver.Asked.Clear();
        replay.Launch();
        replay.Launch();
        Assert.Equal(4, runs);
        Assert.Equal(["launch 1 77", "launch 1 77"], driver.Asked);
    }

    [Theory]
    [InlineData("begin", "cuStreamBeginCapture", "begin 77")]
    [InlineData("end", "cuStreamEndCapture", "begin 77, end 77")]
    [InlineData("instantiate", "cuGraphInstantiateWithFlags", "begin 77, end 77, instantiate 1, destroy graph 1")]
    public void ARefusalNamesTheCallAndItsCodeAndLeavesNothingBehind(string refused, string call, string asked)
    {
        var driver = new FakeDriver { Refused = [refused] };
        var error = Assert.Throws<GraphException>(() => new CudaGraphs(driver, Stream).Record(() => { }));
        Assert.Equal($"{call} failed (CUDA_ERROR_NOT_SUPPORTED, 801)", error.Message);
        Assert.Equal(asked, string.Join(", ", driver.Asked));
        Assert.False(driver.IsCapturing);
    }

    [Fact]
    public void AGraphIsBroughtUpToDate()
    {
        var driver = new FakeDriver();
        var ran = new List<string>();
        var graph = new CudaGraphs(driver, Stream).Record(() => driver.Enqueue(() => ran.Add("old")));
        driver.Asked.Clear();
        graph.Update(() => driver.Enqueue(() => ran.Add("new")));
        graph.Launch();
        Assert.Equal(["begin 77", "end 77", "update 1 2", "destroy graph 2", "launch 1 77"], driver.Asked);
        Assert.Equal(["new"], ran);
    }

    [Fact]
    public void AGraphThatCannotBeChangedIsMadeAnew()
    {
        var driver = new FakeDriver { Refused = ["update"] };
        var ran = new List<string>();
        var graph = new CudaGraphs(driver, Stream).Record(() => driver.Enqueue(() => ran.Add("old")));
        driver.Asked.Clear();
        graph.Update(() => driver.Enqueue(() => ran.Add("new")));
        graph.Launch();
        Assert.Equal(["begin 77", "end 77", "update 1 2", "instantiate 2", "destroy 1", "destroy graph 2", "launch 2 77"], driver.Asked);
        Assert.Equal(["new"], ran);
    }

    [Fact]
    public void AGraphThatCannotBeMadeAnewIsAsItWas()
    {
        var driver = new FakeDriver();
        var ran = new List<string>();
        var graph = new CudaGraphs(driver, Stream).Record(() => driver.Enqueue(() => ran.Add("old")));
        driver.Refused = ["end"];
        Assert.Throws<GraphException>(() => graph.Update(() => driver.Enqueue(() => ran.Add("new"))));
        graph.Launch();
        Assert.Equal(["old"], ran);
    }

    [Fact]
    public void AnExceptionWhileRecordingEndsTheRecording()
    {
        var driver = new FakeDriver();
        Assert.Throws<TimeZoneNotFoundException>(() => new CudaGraphs(driver, Stream).Record(() => throw new TimeZoneNotFoundException()));
        Assert.Equal(["begin 77", "end 77", "destroy graph 1"], driver.Asked);
        Assert.False(driver.IsCapturing);
    }

    [Fact]
    public void AGraphThatNobodyHoldsIsDestroyedBeforeTheNextOne()
    {
        var driver = new FakeDriver();
        var graphs = new CudaGraphs(driver, Stream);
        RecordAndForget(graphs);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.DoesNotContain("destroy 1", driver.Asked);
        var replay = graphs.Record(() => { });
        Assert.Contains("destroy 1", driver.Asked);
        replay.Launch();
        Assert.Equal("launch 2 77", driver.Asked[^1]);
    }

    [Fact]
    public void ADeviceWhoseGraphsDoNothingFallsBackAndSaysSo()
    {
        // This accelerator cannot be captured: its kernels run while they should only be noted, and launching the graph does nothing.
        var (step, device) = Captured(new FakeDriver());
        Assert.Equal(
            "fake: captured steps are launched kernel by kernel, not as CUDA graphs: a graph did not give what its launches give.",
            device.Remark);
        step();
    }

    [Fact]
    public void ADeviceWhoseDriverRefusesFallsBackAndSaysSo()
    {
        var (step, device) = Captured(new FakeDriver { Refused = ["end"] });
        Assert.Equal(
            "fake: captured steps are launched kernel by kernel, not as CUDA graphs: cuStreamEndCapture failed (CUDA_ERROR_NOT_SUPPORTED, 801).",
            device.Remark);
        step();
    }

    /// <summary>A check that finds no memory is no check: it is made again.</summary>
    [Fact]
    public void GraphsThatCouldNotBeCheckedAreCheckedTheNextTime()
    {
        using var context = Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));
        var device = new IlgpuBackend<SmallGroups>("fake", context.Devices[0].CreateAccelerator(context), new FakeDriver());
        Operand x = Vector(device, 8), y = Vector(device, 8);
        Job[] jobs = [new Job([b => b.Map(default(HyperbolicTangent), x, y)], 1, [])];
        int calls = 0;
        var bind = LostDeviceTests.Inject(device, () =>
        {
            if (++calls > 1)
            {
                throw new OutOfMemoryException();
            }
        });
        Assert.Throws<OutOfMemoryException>(() => device.Join(jobs, []));
        LostDeviceTests.Inject(device, bind);
        device.Join(jobs, []);
        Assert.EndsWith("a graph did not give what its launches give.", device.Remark);
        device.Close();
    }

    [Fact]
    public void WithoutGraphsThereIsNothingToSay()
    {
        var (step, device) = Captured(driver: null);
        Assert.Null(device.Remark);
        step();
    }

    [Fact]
    public void MemoryThatAPreparedCallNeedsIsNobodyElsesAfterwards()
    {
        // A long sum goes by way of partial sums: their memory belongs to the prepared call as long as there is one.
        using var context = Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));
        var device = new IlgpuBackend<SmallGroups>("fake", context.Devices[0].CreateAccelerator(context));
        const int n = 1000;
        Operand x = Vector(device, n), y = Vector(device, 1);
        device.Fill(0.5, x);
        var sum = device.Prepare(b => b.Reduce(default(Ops.Sum), x, y));
        long inUse = device.Pool.Use.LiveBytes;
        device.Reduce(default(Ops.Sum), x, y);
        Assert.Equal(inUse, device.Pool.Use.LiveBytes);
        Assert.True(inUse > x.Storage.Block.Bytes + y.Storage.Block.Bytes, "the partial sums' memory went back to the pool");
        device.Fill(0, y);
        sum();
        Assert.Equal(n / 2, First(device, y));
    }

    private static (Action Step, Backend Device) Captured(FakeDriver? driver)
    {
        var context = Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));
        var device = new IlgpuBackend<SmallGroups>("fake", context.Devices[0].CreateAccelerator(context), driver);
        Operand x = Vector(device, 8), y = Vector(device, 8), z = Vector(device, 8);
        var calls = device.Join(
        [
            new Job([b => b.Map(default(HyperbolicTangent), x, y)], 1, []),
            new Job([b => b.Map(default(HyperbolicTangent), y, z)], 1, [0]),
        ],
        []).Run;
        return (Step, device);

        void Step()
        {
            foreach (float value in (float[])[0.5f, -2])
            {
                device.Fill(value, x);
                calls();
                Assert.Equal(MathF.Tanh(MathF.Tanh(value)), First(device, z), 1e-6);
            }

            context.Dispose();
        }
    }

    private static Operand Vector(Backend device, int n) => new(new Storage(device, n * sizeof(float)), new Layout(new Shape(n)), DType.Float32);

    private static float First(Backend device, Operand x)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        device.Download(x.Storage, 0, bytes);
        return BitConverter.ToSingle(bytes);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void RecordAndForget(CudaGraphs graphs) => graphs.Record(() => { }).Launch();
}
