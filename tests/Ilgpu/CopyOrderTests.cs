using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Gpu.Autograd.Data;
using Gpu.Autograd.Ops;
using ILGPU.Runtime.OpenCL;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// Copies beside kernels, on true streams: what comes of memory that is copied to while kernels are at work, or have yet to be, is what it would
/// be if all were done one after the other.
/// </summary>
public sealed class CopyOrderTests
{
    private const int Count = 1 << 19;

    // What is collected would be lent again: only what a test gives back shall be.
    private readonly ConcurrentBag<Storage> held = [];

    static CopyOrderTests() => Environment.SetEnvironmentVariable("GPU_AUTOGRAD_OPENCL_ANY", "1");

    public static TheoryData<string> Devices => ["opencl:0", "cuda:0"];

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void ACopyWaitsForTheKernelsThatReadTheMemoryBefore(string name)
    {
        var device = Open(name);
        Operand a = New(device), b = New(device), x = New(device), y = New(device), z = New(device);
        Upload(x, 1);
        Upload(a, 0.5f);
        for (int round = 1; round <= 5; round++)
        {
            var block = x.Storage.Block;
            Work(a, b);
            device.Map(default(Add), x, x, y);
            x.Storage.Release();
            x = New(device);
            Assert.Same(block, x.Storage.Block);
            Upload(x, round + 1);
            device.Map(default(Add), x, x, z);
            All(y, 2 * round);
            All(z, 2 * (round + 1));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void AKernelWaitsForTheCopyThatItReads(string name)
    {
        var device = Open(name);
        var y = New(device);
        Upload(y, 0);
        for (int round = 1; round <= 10; round++)
        {
            Operand[] xs = [New(device), New(device), New(device)];
            foreach (var (k, x) in xs.Index())
            {
                Upload(x, round + k);
            }

            device.Map(default(Add), xs[2], xs[2], y);
            All(y, 2 * (round + 2));
            Array.ForEach(xs, x => x.Storage.Release());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void AKernelThatWritesWaitsForTheCopyThatNobodyRead(string name)
    {
        var device = Open(name);
        for (int round = 1; round <= 10; round++)
        {
            Operand[] xs = [New(device), New(device), New(device)];
            foreach (var (k, x) in xs.Index())
            {
                Upload(x, round + k);
            }

            var block = xs[2].Storage.Block;
            xs[2].Storage.Release();
            var y = New(device);
            Assert.Same(block, y.Storage.Block);
            device.Fill(-round, y);
            device.Synchronize();
            All(y, -round);
            Array.ForEach([xs[0], xs[1], y], x => x.Storage.Release());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void ADownloadWaitsForTheCopy(string name)
    {
        var device = Open(name);
        Upload(New(device), 0);
        for (int round = 1; round <= 10; round++)
        {
            Operand[] xs = [New(device), New(device), New(device)];
            foreach (var (k, x) in xs.Index())
            {
                Upload(x, round + k);
            }

            All(xs[2], round + 2);
            Array.ForEach(xs, x => x.Storage.Release());
        }
    }

    /// <summary>What is small goes with the kernels, and comes before or after what is large as it was asked for.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void CopiesToTheSameMemoryKeepTheirOrder(string name)
    {
        var device = Open(name);
        Operand a = New(device), b = New(device);
        Upload(a, 0.5f);
        for (int round = 1; round <= 5; round++)
        {
            Operand[] xs = [New(device), New(device), New(device)];
            Array.ForEach(xs, x => Upload(x, round));
            Upload(xs[2] with { Layout = new Layout(new Shape(16)) }, -round);
            device.Synchronize();
            All(xs[2], [.. Enumerable.Repeat((float)-round, 16), .. Enumerable.Repeat((float)round, Count - 16)]);
            Array.ForEach(xs, x => x.Storage.Release());

            device.Synchronize();
            Work(a, b);
            var y = New(device);
            Upload(y with { Layout = new Layout(new Shape(16)) }, -round);
            Upload(y, round);
            All(y, round);
            y.Storage.Release();
        }
    }

    /// <summary>More than there is room for, to memory that kernels are at and to memory that is free, from several threads.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void RandomUploadsAndKernelsGiveWhatTheyGiveInOrder(string name)
    {
        var device = Open(name);
        var threads = Enumerable.Range(0, 3).Select(seed => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(seed);
                var held = new List<(Operand X, float Value)>();
                for (int round = 0; round < 700; round++)
                {
                    int n = random.Next(10) switch { 0 => 1 << 20, 1 => 16, < 6 => 5_000, _ => 60_000 };
                    var x = New(device, n);
                    float value = (1000 * seed) + round;
                    Upload(x, value);
                    if (random.Next(8) == 0)
                    {
                        Upload(x, value += 0.5f);
                    }

                    int reads = random.Next(3);
                    for (int read = 0; read < reads; read++)
                    {
                        var y = New(device, n);
                        device.Map(default(Add), x, x, y);
                        held.Add((y, 2 * value));
                    }

                    if (random.Next(4) == 0)
                    {
                        Upload(x, ++value);
                    }

                    held.Add((x, value));
                    while (held.Count > 12)
                    {
                        int k = random.Next(held.Count);
                        var (found, expected) = held[k];
                        held.RemoveAt(k);
                        if (random.Next(3) == 0)
                        {
                            All(found, expected);
                        }

                        found.Storage.Release();
                    }
                }

                held.ForEach(one => All(one.X, one.Value));
            },
            TaskCreationOptions.LongRunning)).ToArray();
        Task.WaitAll(threads);
        Assert.Null(device.Remark);
    }

    /// <summary>Batches that are uploaded on a thread of their own, while a captured step works on those before.</summary>
    [SkippableTheory]
    [InlineData("opencl:0", true)]
    [InlineData("opencl:0", false)]
    [InlineData("cuda:0", true)]
    [InlineData("cuda:0", false)]
    public void ACapturedStepGetsTheBatchThatIsItsOwn(string name, bool givesBack)
    {
        var backend = Open(name);
        var device = new Gpu.Autograd.Device(name, backend);
        var step = Step.Capture((Tensor x) => (x * 2 + 1).Sum(0));
        var found = new List<Tensor>();
        var source = new float[64 * 784];
        var batches = Enumerable.Range(1, 300).Select(i =>
        {
            source.AsSpan().Fill(i);
            return Tensor.From<float>(source, [64, 784], device);
        });
        foreach (var x in batches.Prefetch(ahead: 2))
        {
            found.Add(step.Run(x).Copy());
            if (givesBack)
            {
                // The next batch is where this one is.
                x.Storage.Release();
            }
        }

        foreach (var (i, y) in found.Index())
        {
            Assert.All(y.ToArray<float>(), value => Assert.Equal(64 * ((2 * (i + 1)) + 1), value));
        }

        Assert.Equal(1, step.Recordings);
        Assert.Null(backend.Remark);
        backend.Close();
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void ADeviceIsClosedWhileCopiesAreOnTheirWay(string name)
    {
        for (int round = 0; round < 5; round++)
        {
            var device = Open(name);
            Operand a = New(device), b = New(device);
            Upload(a, 0.5f);
            Work(a, b);
            Task[] users =
            [
                Task.Run(() => UntilClosed(() => Upload(New(device, 60_000), 1))),
                Task.Run(() => UntilClosed(() => All(a, 0.5f))),
                Task.Run(() => UntilClosed(device.Synchronize)),
            ];
            Thread.Sleep(5 * round);
            device.Close();
            Assert.True(Task.WaitAll(users, TimeSpan.FromSeconds(30)));
        }
    }

    private static void UntilClosed(Action use)
    {
        try
        {
            for (; ; )
            {
                use();
            }
        }
        catch (ObjectDisposedException)
        {
        }
    }

    /// <summary>A copy to memory that no kernel is at has come while the kernels before it are still at work.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void ACopyDoesNotWaitForKernelsThatHaveNothingToDoWithIt(string name)
    {
        IlgpuDeviceTests.Require(name).Close();
        var spy = new Spy();
        var device = IlgpuDevices.Open(name, spy.On);
        Operand a = New(device), b = New(device), y = New(device);
        Upload(a, 0.5f);
        Work(a, b);
        device.Synchronize();
        Assert.Null(device.Remark);
        for (int i = 0; i < 5; i++)
        {
            Work(a, b);
        }

        var kernels = spy.Kernels!;
        nint worked = spy.Record(kernels);
        var x = New(device);
        Upload(x, 3);
        var (stream, copied) = spy.Last;
        Assert.NotSame(kernels, stream);
        Assert.True(SpinWait.SpinUntil(() => spy.HasCome(copied), TimeSpan.FromSeconds(30)));
        Assert.False(spy.HasCome(worked), "The kernels before the copy were done first.");
        spy.Destroy(worked);
        device.Map(default(Add), x, x, y);
        All(y, 6);
        device.Close();
    }

    /// <summary>The device is asked before its streams are relied on: events that one stream or the other does not wait for are found out.</summary>
    [SkippableTheory]
    [InlineData("opencl:0", true)]
    [InlineData("opencl:0", false)]
    [InlineData("cuda:0", true)]
    [InlineData("cuda:0", false)]
    public void AStreamThatDoesNotWaitIsFoundOut(string name, bool isKernels)
    {
        IlgpuDeviceTests.Require(name).Close();
        var device = IlgpuDevices.Open(name, driver => new Hasty(driver, isKernels));
        Operand x = New(device), y = New(device);
        Upload(x, 3);
        Assert.Equal($"{name}: copies to the device go with the kernels and not beside them: one stream of the device does not wait for the other.", device.Remark);
        device.Map(default(Add), x, x, y);
        All(y, 6);
        device.Close();
    }

    /// <summary>A command that failed later is no call that was refused: what it should have brought is not there, and the device says so.</summary>
    [SkippableFact]
    public void ACommandThatFailsLaterIsALoss()
    {
        nint e = clCreateUserEvent(LostDeviceTests.AcceleratorOf(Open("opencl:0")).NativePtr, out int code);
        Assert.Equal((0, 0), (code, clSetUserEventStatus(e, -5)));
        var driver = new OpenClEventDriver();
        foreach (Action ask in (Action[])[() => driver.HasCome(e), () => driver.Await(e)])
        {
            Assert.Equal(Meaning.Lost, Refusal.Of(Assert.Throws<CLException>(ask))!.Value.Meaning);
        }

        driver.Destroy(e);
    }

    [DllImport("OpenCL")]
    private static extern nint clCreateUserEvent(nint context, out int code);

    [DllImport("OpenCL")]
    private static extern int clSetUserEventStatus(nint e, int status);

    private static Backend Open(string name) => IlgpuDeviceTests.Require(name);

    private Operand New(Backend device, int n = Count)
    {
        var storage = new Storage(device, n * sizeof(float));
        held.Add(storage);
        return new(storage, new Layout(new Shape(n)), DType.Float32);
    }

    /// <summary>Kernels for some hundredths of a second.</summary>
    private static void Work(Operand a, Operand b)
    {
        for (int i = 0; i < 40; i++)
        {
            a.Storage.Backend.Map(default(HyperbolicTangent), a, b);
        }
    }

    private static void Upload(Operand x, float value)
    {
        var elements = new float[x.Shape.Size];
        elements.AsSpan().Fill(value);
        x.Storage.Backend.Upload(MemoryMarshal.AsBytes<float>(elements), x.Storage);
    }

    private static void All(Operand x, float value) => All(x, [.. Enumerable.Repeat(value, x.Shape.Size)]);

    private static void All(Operand x, float[] values)
    {
        var elements = new float[x.Shape.Size];
        x.Storage.Backend.Download(x.Storage, 0, MemoryMarshal.AsBytes(elements.AsSpan()));
        int same = elements.AsSpan().CommonPrefixLength(values);
        Assert.True(same == elements.Length, $"Element {same} of {elements.Length} is {elements.ElementAtOrDefault(same)}, not {values.ElementAtOrDefault(same)}.");
    }
}
