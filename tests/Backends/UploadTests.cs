using System.Diagnostics;
using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests;

/// <summary>Copies from the host, which may still be on their way when the call returns.</summary>
public sealed class UploadTests
{
    public static TheoryData<string> Devices => TestDevices.All;

    /// <summary>The source is the caller's again when the call returns, whatever the size, and however much is on its way.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void The_source_may_be_overwritten_at_once(string name)
    {
        var device = Open(name);
        var source = new float[3 << 20];
        var copies = new List<(int Count, float Value, Tensor Copy)>();
        int[] counts = [1, 63, 1000, 1 << 20, 100_000, (2 << 20) - 64, 1, 2 << 20, (2 << 20) + 1, 3 << 20, 5];
        for (int i = 0; i < counts.Length; i++)
        {
            source.AsSpan().Fill(i + 1);
            copies.Add((counts[i], i + 1, Tensor.From<float>(source.AsSpan(0, counts[i]), device: device)));
        }

        source.AsSpan().Fill(-1);
        Assert.All(copies, copy => Assert.Equal(copy.Count, copy.Copy.ToArray<float>().Count(value => value == copy.Value)));
    }

    /// <summary>Several threads, each with more than can be on its way at once, between kernels that read what came before.</summary>
    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void Threads_upload_and_compute_at_once(string name)
    {
        var device = Open(name);
        int rounds = name is "accelerator" ? 3 : 25;
        var threads = Enumerable.Range(1, 3).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var source = new float[200_000 + thread];
                for (int round = 0; round < rounds; round++)
                {
                    float value = (1000 * thread) + round;
                    source.AsSpan().Fill(value);
                    var x = Tensor.From<float>(source, device: device);
                    var y = Tensor.From<float>([1f], device: device);
                    float[] found = (x[..3] + y).ToArray<float>();
                    Assert.Equal([value + 1, value + 1, value + 1], found);
                    Assert.Equal(value, x[^1].Item());
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        Task.WaitAll(threads);
    }

    /// <summary>A copy is queued behind the kernels that run: the caller goes on before they end.</summary>
    [SkippableTheory]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void The_caller_does_not_wait_for_kernels(string name)
    {
        var device = Open(name);
        var a = new Generator(0).Normal([384, 384]).To(device);
        var batch = new float[64 * 784];
        Work(1);
        long start = Stopwatch.GetTimestamp();
        Work(4);
        var whole = Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 4; i++)
        {
            _ = a.MatMul(a);
        }

        var queued = Stopwatch.GetElapsedTime(start);
        var x = Tensor.From<float>(batch, device: device);
        var uploaded = Stopwatch.GetElapsedTime(start);
        double sum = x.Sum().Item();

        Assert.Equal(0, sum);
        Assert.True(queued < whole / 2, $"The device {name} itself waits: {queued} of {whole}.");
        Assert.True(uploaded < whole / 2, $"The upload came back after {uploaded}, the kernels take {whole}.");

        void Work(int products)
        {
            for (int i = 0; i < products; i++)
            {
                _ = a.MatMul(a);
            }

            device.Synchronize();
        }
    }

    /// <summary>While a thread waits for kernels, another one uploads; what it uploads is not behind those kernels either.</summary>
    [SkippableTheory]
    [InlineData("opencl:0")]
    [InlineData("cuda:0")]
    public void A_thread_uploads_while_another_waits(string name)
    {
        var device = Open(name);
        var a = new Generator(0).Normal([512, 512]).To(device);
        var batch = new float[64 * 784];
        Upload(1);
        Work();
        device.Synchronize();
        Assert.Null(device.Remark);

        Work();
        using var begins = new ManualResetEventSlim();
        var waiting = Task.Factory.StartNew(
            () =>
            {
                begins.Set();
                device.Synchronize();
            },
            TaskCreationOptions.LongRunning);
        begins.Wait();

        // Time to begin to wait: where it is too little, the test asks for less.
        Thread.Sleep(20);
        var xs = new List<Tensor>();
        do
        {
            xs.Add(Upload(xs.Count));
        }
        while (!waiting.IsCompleted);

        // The last is not counted. One or two more may come between the end of the wait and its telling.
        Assert.True(xs.Count > 8, $"Only {xs.Count} uploads ended before the kernels.");
        Assert.All(xs.Index(), x => Assert.Equal(x.Index * batch.Length, x.Item.Sum().Item()));

        Tensor Upload(float value)
        {
            batch.AsSpan().Fill(value);
            return Tensor.From<float>(batch, device: device);
        }

        void Work()
        {
            for (int i = 0; i < 40; i++)
            {
                _ = a.MatMul(a);
            }
        }
    }

    private static Device Open(string name)
    {
        TestDevices.Require(name);
        return new Device(name, new BackendProvider().Open(name));
    }
}
