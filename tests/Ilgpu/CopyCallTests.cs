using Gpu.Autograd.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// What a driver of events is asked for when memory is copied to, and what becomes of its refusals; on a driver that only keeps books. The
/// kernels' stream is called K, that of copies C.
/// </summary>
public sealed class CopyCallTests : IDisposable
{
    private const int Bytes = 1 << 16;

    private readonly Context context = Context.Create(builder => builder.CPU(new CPUDevice(SmallGroups.Most, 1, 1)).Optimize(OptimizationLevel.O2));

    // What is collected would be lent again: only what a test gives back shall be.
    private readonly List<Storage> held = [];
    private readonly FakeDriver driver = new();
    private readonly IlgpuBackend<SmallGroups> device;

    public CopyCallTests()
    {
        var accelerator = context.Devices[0].CreateAccelerator(context);
        driver.Kernels = accelerator.DefaultStream;
        device = new IlgpuBackend<SmallGroups>("fake", accelerator, blas: _ => new BlasTests.PlainBlas(), events: driver);
    }

    public void Dispose()
    {
        device.Close();
        Assert.Empty(driver.Alive);
    }

    [Fact]
    public void FreshMemoryWaitsForNothingAndItsFirstReaderForTheCopy()
    {
        Upload(New(), 1);
        driver.Asked.Clear();
        Operand x = New(), y = New();
        Upload(x, 5);
        Assert.Equal(["record C 8"], driver.Asked[^1..]);
        Assert.DoesNotContain(driver.Asked, call => call.Contains("waits"));
        driver.Asked.Clear();

        device.Map(default(HyperbolicTangent), y, y);
        Assert.Empty(driver.Asked);
        device.Copy(x, y);
        device.Copy(x, y);
        Assert.Equal(["K waits 8"], driver.Asked);
        Assert.Equal(5, First(y));
    }

    [Fact]
    public void MemoryThatAKernelReadIsCopiedToAfterIt()
    {
        Operand x = New(), y = New();
        Upload(x, 1);
        device.Copy(x, y);
        var block = x.Storage.Block;
        x.Storage.Release();
        driver.Asked.Clear();
        x = New();
        Assert.Same(block, x.Storage.Block);
        Upload(x, 2);
        Assert.Equal(["record K 8", "C waits 8", "record C 9"], driver.Asked[^3..]);

        // What was given back at the same time is waited for already, and what has passed is not waited for at all.
        Operand a = New(), b = New();
        device.Copy(x, a);
        device.Copy(x, b);
        a.Storage.Release();
        b.Storage.Release();
        Upload(New(), 3);
        driver.Asked.Clear();
        Upload(New(), 4);
        Assert.DoesNotContain(driver.Asked, call => call.Contains("waits") || call.StartsWith("record K"));
        device.Copy(x, y);
        x.Storage.Release();
        device.Synchronize();
        driver.Asked.Clear();
        Upload(New(), 5);
        Assert.DoesNotContain(driver.Asked, call => call.Contains("waits") || call.StartsWith("record K"));
        Assert.Equal(2, First(y));
    }

    [Fact]
    public void MemoryThatIsOverwrittenWaitsForTheCopyToo()
    {
        Upload(New(), 1);
        var x = New();
        Upload(x, 2);
        x.Storage.Release();
        var y = New();
        driver.Asked.Clear();
        device.Fill(7, y);
        Assert.Equal(["K waits 8"], driver.Asked);
    }

    [Fact]
    public void ADownloadWaitsForTheCopy()
    {
        Upload(New(), 1);
        var x = New();
        Upload(x, 2);
        driver.Asked.Clear();
        Assert.Equal(2, First(x));
        Assert.Equal(["K waits 8"], driver.Asked);
    }

    [Fact]
    public void WhatKernelsKnowAndWhatIsSmallIsCopiedOnTheirStream()
    {
        Operand x = New(), y = New();
        Upload(x, 1);
        device.Copy(x, y);
        driver.Asked.Clear();
        Upload(x, 2);
        Upload(y, 3);
        device.Upload(new byte[100], New().Storage);
        Assert.Empty(driver.Asked);
        Assert.Equal((2, 3), (First(x), First(y)));
    }

    [Fact]
    public void WhatIsSmallIsCopiedAfterWhatIsLarge()
    {
        Upload(New(), 1);
        var x = New();
        Upload(x, 2);
        driver.Asked.Clear();
        device.Upload(BitConverter.GetBytes(3f), x.Storage);
        Assert.Equal(["K waits 8"], driver.Asked);
        Upload(x, 4);
        Assert.Equal(["K waits 8"], driver.Asked);
        Assert.Equal(4, First(x));
    }

    [Fact]
    public void TheMakersProductWaitsForItsFactors()
    {
        Operand a = Square(), c = Square(), y = Square();
        Upload(a, 1);
        Upload(c, 1);
        device.MatMul(a, c, y);
        device.Synchronize();
        var x = Square();
        Upload(x, 2);
        driver.Asked.Clear();
        device.MatMul(x, c, y);
        Assert.Single(driver.Asked, call => call.StartsWith("K waits"));
        Assert.Equal(256, First(y));
        x.Storage.Release();
        Upload(Square(), 3);
        Assert.Contains(driver.Asked, call => call.StartsWith("C waits"));

        Operand Square()
        {
            var square = New();
            return square with { Layout = new Layout(new Shape(1, 128, 128)) };
        }
    }

    /// <summary>A step that is replayed waits for each new argument, though its memory be where that of the one before was.</summary>
    [Fact]
    public void AReplayWaitsForItsArgument()
    {
        var gpu = new Gpu.Autograd.Device("fake", device);
        var step = Step.Capture((Tensor x) => x * 2);
        var source = new float[Bytes / sizeof(float)];
        for (int run = 1; run <= 6; run++)
        {
            source[0] = run;
            var x = Tensor.From<float>(source, device: gpu);
            driver.Asked.Clear();
            var y = step.Run(x);
            Assert.Single(driver.Asked, call => call.StartsWith("K waits"));
            Assert.Equal(2 * run, y.ToArray<float>()[0]);
            x.Storage.Release();
        }

        Assert.Equal(1, step.Recordings);
    }

    /// <summary>While work is put off, what its memory was used for is not yet launched.</summary>
    [Fact]
    public void WhileTheDeviceWarmsUpMemoryThatWasUsedIsCopiedToInOrder()
    {
        Operand x = New(), y = New();
        Upload(x, 1);
        device.WarmUp(
            () =>
            {
                device.Map(default(HyperbolicTangent), x, y);
                var block = x.Storage.Block;
                x.Storage.Release();
                x = New();
                Assert.Same(block, x.Storage.Block);
                driver.Asked.Clear();
                Upload(x, 2);
                Assert.DoesNotContain(driver.Asked, call => call.StartsWith("record C"));
            },
            _ => { });
        Assert.Equal((MathF.Tanh(1), 2), (First(y), First(x)));
    }

    /// <summary>Where there is no room, the oldest copies are waited for and no others.</summary>
    [Fact]
    public void RoomIsMadeByWaitingForTheOldestCopy()
    {
        Upload(New(), 1);
        driver.Asked.Clear();
        driver.IsBusy = true;
        for (int i = 0; i < 10; i++)
        {
            held.Add(new Storage(device, Staging.MostAtOnce));
            device.Upload(new byte[Staging.MostAtOnce], held[^1]);
        }

        // Three or four of them have room.
        int[] awaited = [.. driver.Asked.Where(call => call.StartsWith("await")).Select(call => int.Parse(call[6..]))];
        Assert.InRange(awaited.Length, 6, 7);
        Assert.Equal(Enumerable.Range(awaited[0], awaited.Length), awaited);
        Assert.DoesNotContain(driver.Asked, call => call.StartsWith("record K"));
        driver.IsBusy = false;
    }

    [Theory]
    [InlineData("record K", 1)]
    [InlineData("C waits", 1)]
    [InlineData("record C", 1)]
    [InlineData("K waits", 1)]
    [InlineData("record K", 2)]
    [InlineData("C waits", 2)]
    [InlineData("record C", 2)]
    [InlineData("K waits", 2)]
    public void WhereTheDriverRefusesCopiesGoWithTheKernelsAndTheDeviceSaysSo(string refused, int time)
    {
        (driver.Refused, driver.Time) = (refused, time);
        Operand x = New(), y = New(), z = New();
        Upload(x, 1);
        device.Copy(x, y);
        x.Storage.Release();
        x = New();
        Upload(x, 2);
        device.Copy(x, z);
        Assert.Equal("fake: copies to the device go with the kernels and not beside them: the call failed with fake error 719.", device.Remark);
        Assert.Equal((1, 2), (First(y), First(z)));
        driver.Asked.Clear();
        Upload(New(), 3);
        Assert.DoesNotContain(driver.Asked, call => call.Contains("waits") || call.Contains("record"));
    }

    [Fact]
    public void ARefusalNamesTheCallAndItsCode() => Assert.Equal(
        "cuEventRecord failed with CUDA error 719",
        Assert.Throws<CopyException>(() => CopyException.ThrowIfFailed(cuEventRecord(), "CUDA")).Message);

    private static int cuEventRecord() => 719;

    private Operand New()
    {
        held.Add(new Storage(device, Bytes));
        return new(held[^1], new Layout(new Shape(Bytes / sizeof(float))), DType.Float32);
    }

    private void Upload(Operand x, float value)
    {
        var elements = new float[Bytes / sizeof(float)];
        elements.AsSpan().Fill(value);
        device.Upload(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(elements), x.Storage);
    }

    private float First(Operand x)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        device.Download(x.Storage, 0, bytes);
        return BitConverter.ToSingle(bytes);
    }

    /// <summary>Events that have come when they are asked for, if the device is not busy.</summary>
    private sealed class FakeDriver : IEventDriver
    {
        private readonly HashSet<nint> come = [];
        private nint last;
        private int refusals;

        public AcceleratorStream? Kernels { get; set; }

        public List<string> Asked { get; } = [];

        public HashSet<nint> Alive { get; } = [];

        public bool IsBusy { get; set; }

        /// <summary>The call that fails, from which time on.</summary>
        public string? Refused { get; set; }

        public int Time { get; set; }

        public nint Record(AcceleratorStream stream)
        {
            Ask($"record {Name(stream)} {last + 1}");
            Alive.Add(++last);
            return last;
        }

        public void Wait(AcceleratorStream stream, nint e)
        {
            Assert.Contains(e, Alive);
            Ask($"{Name(stream)} waits {e}");
        }

        public bool HasCome(nint e)
        {
            Assert.Contains(e, Alive);
            return !IsBusy || come.Contains(e);
        }

        public void Await(nint e)
        {
            Assert.Contains(e, Alive);
            Ask($"await {e}");
            come.Add(e);
        }

        public void Destroy(nint e)
        {
            Ask($"destroy {e}");
            Assert.True(Alive.Remove(e));
        }

        private void Ask(string call)
        {
            Asked.Add(call);
            if (Refused is { } refused && call.StartsWith(refused) && ++refusals >= Time)
            {
                throw new CopyException("the call failed with fake error 719");
            }
        }

        private string Name(AcceleratorStream stream) => stream == Kernels ? "K" : "C";
    }
}
