using System.Runtime.CompilerServices;
using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// A captured step as a CUDA graph: that it is one where the driver does what it should, and what becomes of each of the driver's refusals.
/// The device's launches are given to a stream that can be captured, with the arguments that they have at that time.
/// </summary>
public sealed class GraphStepTests : IDisposable
{
    private const string Fallback = "fake: captured steps are launched kernel by kernel, not as CUDA graphs: ";

    private readonly Context context =
        Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));

    private readonly FakeDriver driver = new();
    private readonly NotingBackend device;
    private readonly Operand x, other, y, z;

    public GraphStepTests()
    {
        device = new(context.Devices[0].CreateAccelerator(context), driver);
        (x, other, y, z) = (Vector(), Vector(), Vector(), Vector());
        device.Fill(0.5, x);
        device.Fill(-2, other);

        // From here on graphs are known to work.
        NewStep();
        driver.Asked.Clear();
    }

    public void Dispose()
    {
        device.Close();
        context.Dispose();
    }

    [Fact]
    public void AStepIsAGraphThatIsBroughtUpToDateForOtherArguments()
    {
        Assert.Equal("fake: captured steps are launched as CUDA graphs.", device.Remark);
        var step = NewStep();
        Assert.Equal(["begin", "end", "instantiate", "destroy graph"], Asked());
        AssertRuns(step, x, 0.5f);
        AssertRuns(step, x, 0.5f);
        Assert.Equal(["launch", "launch"], Asked());

        step.Bind!(0, other.Storage, 0);
        AssertRuns(step, other, -2);
        Assert.Equal(["begin", "end", "update", "destroy graph", "launch"], Asked());
        AssertRuns(step, other, -2);
        Assert.Equal(["launch"], Asked());
    }

    [Theory]
    [InlineData("begin", "cuStreamBeginCapture")]
    [InlineData("end", "cuStreamEndCapture")]
    [InlineData("instantiate", "cuGraphInstantiateWithFlags")]
    public void AStepThatCannotBeAGraphIsLaunchedPlainly(string refused, string call)
    {
        driver.Refused = [refused];
        var step = NewStep();
        Assert.Equal($"{Fallback}{call} failed (CUDA_ERROR_NOT_SUPPORTED, 801).", device.Remark);
        AssertIsPlain(step);
    }

    [Fact]
    public void AGraphThatCannotBeUpdatedIsMadeAnewOnce()
    {
        var step = NewStep();
        driver.Refused = ["update"];
        Asked();
        step.Bind!(0, other.Storage, 0);
        AssertRuns(step, other, -2);
        AssertRuns(step, other, -2);
        Assert.Equal(["begin", "end", "update", "instantiate", "destroy graph", "launch", "launch"], Asked());
        Assert.Equal("fake: captured steps are launched as CUDA graphs.", device.Remark);
    }

    [Theory]
    [InlineData("begin", "cuStreamBeginCapture")]
    [InlineData("end", "cuStreamEndCapture")]
    [InlineData("update, instantiate", "cuGraphInstantiateWithFlags")]
    [InlineData("launch", "cuGraphLaunch")]
    public void AGraphThatFailsLaterIsGivenUpAndItsStepGoesOn(string refused, string call)
    {
        var (step, older) = (NewStep(), NewStep());
        AssertRuns(step, x, 0.5f);
        driver.Refused = refused.Split(", ");
        step.Bind!(0, other.Storage, 0);
        AssertRuns(step, other, -2);
        Assert.Equal($"{Fallback}{call} failed (CUDA_ERROR_NOT_SUPPORTED, 801).", device.Remark);
        AssertIsPlain(step);
        AssertIsPlain(older);
        AssertIsPlain(NewStep());
    }

    /// <summary>What a stream does not take while it is captured, cuBLAS among it where it asks for memory.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ALaunchThatIsRefusedWhileItIsNotedEndsTheGraphAndNotTheStep(bool isLater)
    {
        var step = isLater ? NewStep() : default;
        device.OnLaunch = () =>
        {
            if (driver.IsCapturing)
            {
                throw new CLException(CLError.CL_INVALID_OPERATION);
            }
        };
        if (isLater)
        {
            step.Bind!(0, other.Storage, 0);
            AssertRuns(step, other, -2);
        }
        else
        {
            step = NewStep();
        }

        Assert.False(driver.IsCapturing);
        Assert.Equal(
            $"{Fallback}a launch was refused while it was noted: fake refused a call, which was not made: CL_INVALID_OPERATION (-59). " +
            "The device goes on.",
            device.Remark);
        AssertIsPlain(step);
    }

    [Theory]
    [InlineData("launch")]
    [InlineData("begin")]
    [InlineData("update, instantiate")]
    public void ADeviceThatIsLostIsNoMatterOfGraphs(string refused)
    {
        var step = NewStep();
        (driver.Refused, driver.Code) = (refused.Split(", "), 719);
        step.Bind!(0, other.Storage, 0);
        var error = Assert.Throws<DeviceException>(step.Run);
        Assert.True(error.IsLost);
        Assert.Matches(@"^fake failed: cu\w+ failed \(CUDA_ERROR_LAUNCH_FAILED, 719\)\. What was on it is lost; ", error.Message);
        driver.Refused = [];
        Assert.Equal(error.Message, Assert.Throws<DeviceException>(step.Run).Message);
        Assert.Equal("fake: captured steps are launched as CUDA graphs.", device.Remark);
    }

    private void AssertIsPlain(Joined step)
    {
        driver.Refused = [];
        Asked();
        step.Bind!(0, x.Storage, 0);
        AssertRuns(step, x, 0.5f);
        step.Bind!(0, other.Storage, 0);
        AssertRuns(step, other, -2);
        Assert.Empty(Asked());
    }

    private void AssertRuns(Joined step, Operand argument, float value)
    {
        device.Fill(value, argument);
        device.Fill(7, z);
        step.Run();
        Assert.Equal(MathF.Tanh(MathF.Tanh(value)), First(z), 1e-6);
    }

    private Joined NewStep() => device.Join(
    [
        new Job([b => b.Map(default(HyperbolicTangent), x, y)], 1, []),
        new Job([b => b.Map(default(HyperbolicTangent), y, z)], 1, [0]),
    ],
    [x.Storage]);

    /// <summary>What the driver was asked for since, without handles, and without what became of graphs that were collected meanwhile.</summary>
    private string[] Asked()
    {
        string[] asked =
        [
            .. driver.Asked.Select(call => call.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ' ')).Where(call => call != "destroy"),
        ];
        driver.Asked.Clear();
        return asked;
    }

    private Operand Vector() => new(new Storage(device, 8 * sizeof(float)), new Layout(new Shape(8)), DType.Float32);

    private float First(Operand a)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        device.Download(a.Storage, 0, bytes);
        return BitConverter.ToSingle(bytes);
    }

    private sealed class NotingBackend(Accelerator accelerator, FakeDriver driver) : IlgpuBackend<SmallGroups>("fake", accelerator, driver)
    {
        internal Action? OnLaunch { get; set; }

        protected override Action Ready<K>(StrongBox<K> kernel, int threads) =>
            () => Enqueue(base.Ready(new StrongBox<K>(kernel.Value), threads));

        protected override Action ReadyGroups<K>(StrongBox<K> kernel, int groups, int size) =>
            () => Enqueue(base.ReadyGroups(new StrongBox<K>(kernel.Value), groups, size));

        private void Enqueue(Action launch)
        {
            OnLaunch?.Invoke();
            driver.Enqueue(launch);
        }
    }
}
