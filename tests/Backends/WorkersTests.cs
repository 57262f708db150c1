using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests.Backends;

[Collection(nameof(Alone))]
public class WorkersTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(17, 1)]
    [InlineData(1000, 7)]
    [InlineData(1000, 333)]
    public void EachIndexIsVisitedOnceInMultiplesOfTheGrain(int count, int grain)
    {
        foreach (int threads in new[] { 1, 2, 3, 8 })
        {
            var visits = new int[count];
            var prepared = new Preparation(new Workers(threads));
            Action<nint, nint> body = (from, to) =>
            {
                Assert.True(from % grain == 0 && (to % grain == 0 || to == count), $"{from}..{to}");
                for (nint i = from; i < to; i++)
                {
                    Interlocked.Increment(ref visits[i]);
                }
            };
            new Workers(threads).Range(count, grain, body);
            prepared.Range(count, grain, body);
            var replay = prepared.Finish();
            for (int i = 0; i < 50; i++)
            {
                replay();
            }

            Assert.All(visits, visit => Assert.Equal(51, visit));
        }
    }

    [Fact]
    public void LoopsOfSeveralThreadsAndInLoopsAreAllRun()
    {
        var workers = new Workers(3);
        long sum = 0;
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int round = 0; round < 200; round++)
            {
                workers.Range(6, 1, (from, to) =>
                {
                    for (nint i = from; i < to; i++)
                    {
                        workers.Range(5, 1, (first, end) => Interlocked.Add(ref sum, end - first));
                    }
                });
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(4 * 200 * 6 * 5, sum);
    }

    [Fact]
    public void AnExceptionComesOutWhereTheLoopWasCalledAndTheNextLoopRuns()
    {
        var workers = new Workers(2);
        for (int round = 0; round < 100; round++)
        {
            var e = Assert.Throws<InvalidOperationException>(() => workers.Range(8, 1, (from, to) => throw new InvalidOperationException("planted")));
            Assert.Equal("planted", e.Message);
            int visits = 0;
            workers.Range(8, 1, (from, to) => Interlocked.Add(ref visits, (int)(to - from)));
            Assert.Equal(8, visits);
        }
    }

    /// <summary>A long loop is shared also where the helper sleeps: who began it waits in its second range until another comes.</summary>
    [Fact]
    public void ALongLoopWakesWhoSleeps()
    {
        var workers = new Workers(2);
        workers.Range(2, 1, (from, to) => { });
        Thread.Sleep(50);
        var ids = new System.Collections.Concurrent.ConcurrentDictionary<int, bool>();
        using var met = new ManualResetEventSlim();
        int ranges = 0;
        workers.Range(8, 1, (from, to) =>
        {
            ids[Environment.CurrentManagedThreadId] = true;
            if (ids.Count == 2)
            {
                met.Set();
            }

            // Only what the first range takes tells that it is worth waking anyone.
            int range = Interlocked.Increment(ref ranges);
            if (range == 1)
            {
                Thread.Sleep(20);
            }
            else if (range == 2)
            {
                met.Wait(TimeSpan.FromSeconds(20));
            }
        });
        Assert.Equal(2, ids.Count);
    }

    /// <summary>One that is known to be long does not wait for its first range: here that ends only when the other has begun.</summary>
    [Fact]
    public void ALoopKnownToBeLongWakesWhoSleepsAtOnce()
    {
        var workers = new Workers(2);
        workers.Range(2, 1, (from, to) => { });
        Thread.Sleep(50);
        using var begun = new ManualResetEventSlim();
        bool met = false;
        workers.Range(
            2,
            1,
            (from, to) =>
            {
                if (from == 0)
                {
                    met = begun.Wait(TimeSpan.FromSeconds(10));
                }
                else
                {
                    begun.Set();
                }
            },
            isLong: true);
        Assert.True(met);
    }

    /// <summary>What the caller does lies before what the helper does, in each loop: so loops over the same memory are shared alike.</summary>
    [Fact]
    public void TheCallerTakesFromTheFrontAndTheHelperFromTheEnd()
    {
        var workers = new Workers(2);
        int[] takers = new int[16];
        int shared = 0;
        for (int round = 0; round < 20; round++)
        {
            workers.Range(
                takers.Length,
                1,
                (from, to) =>
                {
                    takers[from] = Environment.CurrentManagedThreadId;
                    Thread.Sleep(1);
                },
                isLong: true);
            int mine = Environment.CurrentManagedThreadId;
            int front = takers.TakeWhile(taker => taker == mine).Count();
            Assert.DoesNotContain(mine, takers.Skip(front));
            shared += front < takers.Length ? 1 : 0;
        }

        Assert.True(shared > 0, "The helper never came.");
    }

    /// <summary>Whoever is about to be woken may run everywhere but where its waker does; awake, it may be moved anywhere again.</summary>
    [SkippableFact]
    public void AThreadIsWokenOnAnotherProcessor()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.ProcessorCount > 1, "Threads are placed on Linux alone, where processors are several.");
        using SemaphoreSlim ready = new(0), bell = new(0), awake = new(0), done = new(0);
        Placement? placement = null;
        var thread = new Thread(() =>
        {
            placement = Placement.OfThisThread();
            ready.Release();
            bell.Wait();
            placement!.LetGo();
            awake.Release();
            done.Wait();
        })
        { Name = "placed" };
        thread.Start();
        ready.Wait();
        string before = Allowed();
        placement!.KeepOff();
        string kept = Allowed();
        bell.Release();
        awake.Wait();
        string after = Allowed();
        done.Release();
        thread.Join();

        Assert.Equal(before.Count(bit => bit == '1') - 1, kept.Count(bit => bit == '1'));
        Assert.Equal(before, after);

        static string Allowed()
        {
            string status = Directory.GetDirectories("/proc/self/task").Select(task => File.ReadAllText(task + "/status"))
                .Single(text => text.StartsWith("Name:\tplaced\n", StringComparison.Ordinal));
            string mask = status.Split('\n').Single(line => line.StartsWith("Cpus_allowed:", StringComparison.Ordinal)).Split('\t')[1];
            return string.Concat(mask.Replace(",", "", StringComparison.Ordinal).Select(digit => Convert.ToString(Convert.ToInt32($"{digit}", 16), 2).PadLeft(4, '0')));
        }
    }
}
