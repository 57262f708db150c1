using Gpu.Autograd.Data;

namespace Gpu.Autograd.Core.Tests;

/// <summary>Elements that are made ahead, on another thread.</summary>
public sealed class PrefetchingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    public void All_come_in_their_order(int ahead) => Assert.Equal(Enumerable.Range(0, 100), Enumerable.Range(0, 100).Prefetch(ahead));

    [Fact]
    public void The_next_is_made_while_the_caller_works()
    {
        using var second = new ManualResetEventSlim();
        int threadOfSource = 0;
        foreach (int i in Source().Prefetch())
        {
            Assert.True(second.Wait(Patience), "The second element waits for the caller to ask for it.");
            Assert.NotEqual(Environment.CurrentManagedThreadId, threadOfSource);
        }

        IEnumerable<int> Source()
        {
            threadOfSource = Environment.CurrentManagedThreadId;
            yield return 1;
            second.Set();
            yield return 2;
        }
    }

    [Fact]
    public void No_more_are_made_than_are_asked_for()
    {
        int made = 0;
        using var taken = Source().Prefetch(2).GetEnumerator();
        Assert.True(taken.MoveNext());
        Thread.Sleep(100);

        // One was taken, two are ready, one waits for room.
        Assert.InRange(Volatile.Read(ref made), 1, 4);

        IEnumerable<int> Source()
        {
            while (true)
            {
                yield return Interlocked.Increment(ref made);
            }
        }
    }

    [Fact]
    public void What_the_source_throws_comes_in_its_turn()
    {
        var taken = new List<int>();
        Assert.Throws<InvalidDataException>(() =>
        {
            foreach (int i in Source().Prefetch(3))
            {
                taken.Add(i);
            }
        });
        Assert.Equal([1, 2], taken);

        static IEnumerable<int> Source()
        {
            yield return 1;
            yield return 2;
            throw new InvalidDataException();
        }
    }

    [Fact]
    public void Who_stops_early_stops_the_source()
    {
        bool isOver = false;
        Assert.Equal([0, 1], Source().Prefetch().Take(2));
        Assert.True(isOver);

        IEnumerable<int> Source()
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    yield return i;
                }
            }
            finally
            {
                isOver = true;
            }
        }
    }

    [Fact]
    public void None_ahead_is_refused_at_once()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Enumerable.Range(0, 3).Prefetch(0));
        Assert.Equal("Prefetch: to have 0 elements ready is to have none; at least 1 is.", error.Message);
    }
}
