namespace Gpu.Autograd.Autograd;

/// <summary>
/// The random numbers of one run of a function: noted in its first run, and in each other one those of the first. So a transform may run
/// a function as often as it needs to, and the generators go on as after one run.
/// </summary>
internal sealed class Draws
{
    private readonly long start = Node.LastId;
    private readonly string transform;
    private readonly List<(Generator Generator, ulong First, ulong Counters)> made;
    private readonly bool isFirst;
    private int drawn;

    /// <summary>Those of a first run.</summary>
    /// <param name="transform">The transform that runs the function, for messages.</param>
    public Draws(string transform) => (this.transform, made, isFirst) = (transform, [], true);

    private Draws(Draws first) => (transform, made) = (first.transform, first.made);

    /// <summary>Those of one run more.</summary>
    public Draws Again() => new(this);

    /// <summary>The first of so many counters of a generator.</summary>
    /// <param name="around">The scope that the function runs in.</param>
    /// <param name="generator">The generator.</param>
    /// <param name="counters">How many.</param>
    public ulong Next(Scope? around, Generator generator, ulong counters)
    {
        // One that the function itself makes is the same each time.
        if (generator.Id > start)
        {
            return generator.Next(counters);
        }

        if (isFirst)
        {
            ulong begin = around?.Draw(generator, counters) ?? generator.Next(counters);
            made.Add((generator, begin, counters));
            return begin;
        }

        return drawn < made.Count && made[drawn] is var draw && draw.Generator == generator && draw.Counters == counters
            ? made[drawn++].First
            : throw Other($"its draw {drawn + 1} is another");
    }

    /// <summary>Checks, at the end of a run, that nothing of the first run is left.</summary>
    public void RequireAll()
    {
        if (!isFirst && drawn < made.Count)
        {
            throw Other($"{drawn} draws in the place of {made.Count}");
        }
    }

    private InvalidOperationException Other(string how) => new(
        $"{transform}: run again, the function drew other random numbers than the first time ({how}); it must do the same each time it is " +
        "called.");
}

/// <summary>The runs of one function by one transform, which all draw the same random numbers.</summary>
internal sealed class Passes(string transform)
{
    private Draws? first;

    /// <summary>Runs the function once more.</summary>
    public T Run<T>(Func<T> pass)
    {
        var draws = first?.Again() ?? new Draws(transform);
        var y = Scope.Run(new Pass(draws), pass);
        draws.RequireAll();
        first ??= draws;
        return y;
    }

    private sealed class Pass(Draws draws) : Scope(Current)
    {
        public override ulong Draw(Generator generator, ulong counters) => draws.Next(Outer, generator, counters);
    }
}
