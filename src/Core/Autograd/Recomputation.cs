namespace Gpu.Autograd.Autograd;

/// <summary>
/// Functions that are run again for their gradient instead of having their intermediate values kept. The first run goes through all
/// transforms as ever, but its records keep no values; what it captured is noted, which closes the function. Then, level by level from the
/// deepest, these records are replaced by one that keeps the arguments alone, for the function as that level sees it: mapped over a batch,
/// or with its tangents.
/// </summary>
internal static class Recomputation
{
    private const string Name = "Checkpoint";

    /// <summary>Records of levels of a lesser depth keep nothing now; the tape has depth 0.</summary>
    [ThreadStatic]
    private static long passing;

    /// <summary>The op as a level of some depth records it.</summary>
    public static Primitive Kept(Primitive op, long depth) => depth < passing ? Unkept.Shared : op;

    /// <summary>The results of a function, recorded as a whole.</summary>
    public static Tensor[] Run(Func<Tensor[], Tensor[]> f, Tensor[] x)
    {
        var capture = new Capture(Name, x);
        long before = passing;
        passing = Level.Deepest + 1;
        Tensor[] y;
        try
        {
            y = Scope.Run(capture, () => Results(f, x));
        }
        finally
        {
            passing = before;
        }

        if (!Array.Exists(y, IsRecorded))
        {
            return y;
        }

        var keys = capture.Keys();
        int count = x.Length;
        return Seal(Again, [.. x, .. capture.Captured], y);

        Tensor[] Again(Tensor[] z)
        {
            // These are what other tensors stand for now, and stand for nothing else themselves.
            z = Array.ConvertAll(z, t => t.Alias());
            var replay = new Replay(capture, keys, z);
            var again = Scope.Run(replay, () => Results(f, z[..count]));
            replay.RequireAllDraws();
            return again;
        }
    }

    /// <summary>A function of so many tensors over the batch of a level, all operands or some having it for their first axis.</summary>
    /// <param name="f">The function.</param>
    /// <param name="name">The name for messages.</param>
    /// <param name="level">The level.</param>
    /// <param name="isMapped">Which operands have the batch axis.</param>
    /// <param name="hasBatch">Which results get it; the others are the same for all of the batch. Null for all.</param>
    public static Func<Tensor[], Tensor[]> Mapped(
        Func<Tensor[], Tensor[]> f, string name, Level level, Func<int, bool> isMapped, bool[]? hasBatch = null)
    {
        var (size, different, origin) = (level.BatchSize, level.DrawsDifferently, level.Origin);
        return z => Level.RunBatch(name, size, different, batch => Unmapped(batch, f([.. z.Select((t, k) => Mapped(batch, t, k))])), origin);

        Tensor Mapped(Level batch, Tensor t, int k) => isMapped(k) ? new Tensor(new Batched(batch, t)) : t;

        Tensor[] Unmapped(Level batch, Tensor[] y) => [.. y.Select((t, i) => hasBatch?[i] == false ? t
            : t.Box is Batched own && own.Level == batch ? own.Inner
            : t.BroadcastTo([size, .. t.Shape.Lengths]))];
    }

    /// <summary>The deepest level among tensors; null where there is none.</summary>
    public static Level? Deepest(params ReadOnlySpan<Tensor[]> tensors)
    {
        Level? deepest = null;
        foreach (var some in tensors)
        {
            foreach (var t in some)
            {
                deepest = t.Box is { } box && (deepest is null || box.Level.Depth > deepest.Depth) ? box.Level : deepest;
            }
        }

        return deepest;
    }

    /// <summary>A tensor as the level below sees it, if it belongs to the level.</summary>
    public static Tensor Below(Level level, Tensor t) => t.Box is { } box && box.Level == level ? box.Inner : t;

    /// <summary>The records of tensors at a level; on the tape where that is null.</summary>
    public static Node?[] Nodes(Level? level, Tensor[] x) =>
        [.. x.Select(t => level is null ? t.Node : t.Box is Recorded own && own.Level == level ? own.Node : null)];

    /// <summary>The results as tensors of their own, standing for what they stand for in the function's scope.</summary>
    private static Tensor[] Results(Func<Tensor[], Tensor[]> f, Tensor[] x) =>
        [.. f(x).Select(t => Scope.Resolved(t).Strong(DType.Float32, Device.Cpu))];

    private static bool IsRecorded(Tensor t) => t.Box switch
    {
        null => t.Node is not null,
        Recorded => true,
        Dual dual => IsRecorded(dual.Inner) || (dual.Tangent is { } tangent && IsRecorded(tangent)),
        var box => IsRecorded(box.Inner),
    };

    /// <summary>The results y = f(z) of a function that depends on nothing else, recorded as such at every level.</summary>
    private static Tensor[] Seal(Func<Tensor[], Tensor[]> f, Tensor[] z, Tensor[] y)
    {
        var level = Deepest(z, y);
        if ((level?.Depth ?? 0) < passing || !Array.Exists(y, IsRecorded))
        {
            return y;
        }

        if (level is null)
        {
            return Engine.IsRecording ? Record(f, null, z, z, y, y) : y;
        }

        Tensor[] innerZ = [.. z.Select(t => Below(level, t))];
        Tensor[] innerY = [.. y.Select(t => Below(level, t))];
        if (level.IsBatch)
        {
            bool[] isMapped = [.. z.Select((t, k) => !ReferenceEquals(t, innerZ[k]))];
            bool[] hasBatch = [.. y.Select((t, i) => !ReferenceEquals(t, innerY[i]))];
            var sealedY = Seal(Mapped(f, Name, level, k => isMapped[k], hasBatch), innerZ, innerY);
            return [.. sealedY.Select((t, i) => hasBatch[i] ? new Tensor(new Batched(level, t)) : t)];
        }

        return Array.Exists(z, t => t.Box is Recorded own && own.Level == level)
            ? Record(f, level, z, innerZ, y, Seal(f, innerZ, innerY))
            : Forward(f, level, z, innerZ, y, innerY);
    }

    private static Tensor[] Record(Func<Tensor[], Tensor[]> f, Level? level, Tensor[] z, Tensor[] innerZ, Tensor[] y, Tensor[] innerY)
    {
        var nodes = Nodes(level, z);
        int[] wanted = [.. Enumerable.Range(0, z.Length).Where(k => nodes[k] is not null)];
        return Together.Record(
            Name, level, innerZ, nodes, innerY, [.. Nodes(level, y).Select(node => node is not null)], g => Gradients(f, innerZ, wanted, g));
    }

    /// <summary>The tangents are further arguments and results of the function that is recorded below.</summary>
    private static Tensor[] Forward(
        Func<Tensor[], Tensor[]> f, Level level, Tensor[] z, Tensor[] innerZ, Tensor[] y, Tensor[] innerY)
    {
        var (zt, yt) = (Tangents(level, z), Tangents(level, y));
        int[] movingZ = [.. Enumerable.Range(0, z.Length).Where(k => zt[k] is not null)];
        int[] movingY = [.. Enumerable.Range(0, y.Length).Where(i => yt[i] is not null)];
        var below = Seal(
            WithTangents, [.. innerZ, .. zt.OfType<Tensor>()], [.. innerY, .. yt.OfType<Tensor>()]);
        return [.. y.Select((t, i) => ReferenceEquals(t, innerY[i])
            ? below[i]
            : new Tensor(new Dual(level, below[i], yt[i] is null ? null : below[y.Length + Array.IndexOf(movingY, i)])))];

        Tensor[] WithTangents(Tensor[] both) => Level.Run(Name, dual =>
        {
            var moving = both[..z.Length];
            for (int k = 0; k < movingZ.Length; k++)
            {
                moving[movingZ[k]] = new Tensor(new Dual(dual, both[movingZ[k]], both[z.Length + k]));
            }

            var results = f(moving);
            Tensor[] values = [.. results.Select(t => Below(dual, t))];
            var tangents = Tangents(dual, results);
            return (Tensor[])[.. values, .. movingY.Select(i => tangents[i] ?? Reverse.ZerosLike(values[i]))];
        });
    }

    private static Tensor?[] Tangents(Level level, Tensor[] x) =>
        [.. x.Select(t => t.Box is Dual own && own.Level == level ? own.Tangent : null)];

    /// <summary>
    /// The gradients of some operands by running the function again. That too is a function which is run again for its own gradient.
    /// </summary>
    private static Tensor?[] Gradients(Func<Tensor[], Tensor[]> f, Tensor[] z, int[] wanted, Tensor?[] g)
    {
        var found = Run(both => Pulled(both[..z.Length], both[z.Length..]), [.. z, .. g.OfType<Tensor>()]);
        var gradients = new Tensor?[z.Length];
        for (int k = 0; k < wanted.Length; k++)
        {
            gradients[wanted[k]] = found[k];
        }

        return gradients;

        Tensor[] Pulled(Tensor[] x, Tensor[] given)
        {
            var (y, pullback) = Reverse.Vjp(Name, (Tensor[] moving) => f(Replaced(x, wanted, moving)), wanted.Select(k => x[k]).ToArray());
            if (y.Length != g.Length)
            {
                throw Other($"{y.Length} tensors in the place of {g.Length}");
            }

            for (int i = 0; i < y.Length; i++)
            {
                if (g[i] is { } like && (y[i].Shape != like.Shape || y[i].DType != like.DType || y[i].Device != like.Device))
                {
                    throw Other(
                        $"{y[i].DType.Name()} {y[i].Shape} on {y[i].Device} in the place of {like.DType.Name()} {like.Shape} on {like.Device}");
                }
            }

            int next = 0;
            return pullback([.. y.Select((t, i) => g[i] is null ? Reverse.ZerosLike(t) : given[next++])]);
        }
    }

    private static InvalidOperationException Other(string how) =>
        new($"{Name}: run again, the function returned {how}; it must do the same each time it is called.");

    /// <summary>Some tensors with others in some places.</summary>
    public static Tensor[] Replaced(Tensor[] x, int[] places, Tensor[] values)
    {
        Tensor[] result = [.. x];
        for (int k = 0; k < places.Length; k++)
        {
            result[places[k]] = values[k];
        }

        return result;
    }
}
