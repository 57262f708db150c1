using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Capturing;

/// <summary>
/// Makes one map of a map and the only one that reads its result: one pass over memory, one launch, and the result between them stays in
/// a register. The type of the fused op is closed at run time, so that it is compiled like an op that was written so.
/// </summary>
internal sealed class Fusion
{
    /// <summary>Maps have at most four operands.</summary>
    private const int MostInputs = 4;

    /// <summary>More ops than this in one loop would run out of registers, and take long to compile.</summary>
    private const int MostOps = 12;

    private static readonly Type[] Picks = [typeof(PickA), typeof(PickB), typeof(PickC), typeof(PickD)];

    private readonly Call?[] calls;
    private readonly Func<Storage, bool> isTemporary;
    private readonly Dictionary<Storage, List<int>> writers = [];
    private readonly Dictionary<Storage, HashSet<int>> readers = [];

    private Fusion(IReadOnlyList<Call> calls, Func<Storage, bool> isTemporary)
    {
        this.calls = [.. calls];
        this.isTemporary = isTemporary;
        foreach (var (i, call) in calls.Index())
        {
            foreach (var x in call.Inputs)
            {
                At(readers, x.Storage).Add(i);
            }

            foreach (var y in call.Results)
            {
                At(writers, y.Storage).Add(i);
            }
        }
    }

    /// <summary>The calls with maps fused.</summary>
    /// <param name="calls">The calls, in order.</param>
    /// <param name="isTemporary">Whether only the calls use a storage.</param>
    public static Call[] Run(IReadOnlyList<Call> calls, Func<Storage, bool> isTemporary)
    {
        var fusion = new Fusion(calls, isTemporary);
        for (int j = 0; j < calls.Count; j++)
        {
            while (fusion.TryFuseInto(j))
            {
            }
        }

        return [.. fusion.calls.OfType<Call>()];
    }

    private static TList At<TList>(Dictionary<Storage, TList> of, Storage storage)
        where TList : new() => of.TryGetValue(storage, out var list) ? list : of[storage] = new TList();

    private static bool Same(in Operand a, in Operand b) =>
        a.Storage == b.Storage && a.DType == b.DType && a.Layout.Offset == b.Layout.Offset && a.Shape == b.Shape
        && a.Layout.Strides.SequenceEqual(b.Layout.Strides);

    /// <summary>A map as a formula; one that was fused before is one already.</summary>
    private static object FormulaOf(MapCall call)
    {
        var type = call.Op.GetType();
        if (type.IsGenericType && type.GetGenericTypeDefinition() is var open
            && (open == typeof(FusedMap1<>) || open == typeof(FusedMap2<>) || open == typeof(FusedMap3<>) || open == typeof(FusedMap4<>)))
        {
            return type.GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)[0].GetValue(call.Op)!;
        }

        var formula = call.Inputs.Length switch
        {
            1 => typeof(Formula1<>),
            2 => typeof(Formula2<>),
            3 => typeof(Formula3<>),
            _ => typeof(Formula4<>),
        };
        return Activator.CreateInstance(formula.MakeGenericType(type), call.Op)!;
    }

    /// <summary>Makes one call of a call and one of those that made its operands, if it may.</summary>
    private bool TryFuseInto(int j)
    {
        if (calls[j] is MapCall then && then.Result.DType.IsReal())
        {
            // Two maps that leave room for the product, the product, and what else is a map.
            return TryFuse(j, then, i => calls[i] is MapCall first ? Fuse(first, then, most: 2) : null)
                || TryFuse(j, then, i => calls[i] is ProductCall first ? Epilogue(first, then) : null)
                || TryFuse(j, then, i => calls[i] is MapCall first ? Fuse(first, then, MostInputs) : null);
        }

        if (calls[j] is UpdateCall update)
        {
            return Enumerable.Range(0, update.Parameters).Any(k => TryUpdateByProduct(j, update, k));
        }

        return calls[j] is ReductionCall reduction && reduction.Inputs.Length == 1 && reduction.Results[0].DType.IsReal()
            && reduction.Backend.ReducesMaps
            && TryFuse(j, reduction, i => calls[i] is MapCall first ? Prologue(first, reduction) : null);
    }

    private bool TryFuse(int j, Call then, Func<int, Call?> fuse)
    {
        foreach (var x in then.Inputs)
        {
            if (isTemporary(x.Storage) && writers.TryGetValue(x.Storage, out var at) && at is [var i] && i < j && calls[i] is { } first && first.Results.Length == 1
                && readers[x.Storage].Count == 1 && first.Backend == then.Backend && ReadsOnly(then, x) && MayMove(first, i, then, j)
                && fuse(i) is { } fused)
            {
                Replace(i, j, fused);
                return true;
            }
        }

        return false;
    }

    /// <summary>Makes an optimizer's step of a parameter where the product is computed that is its gradient.</summary>
    private bool TryUpdateByProduct(int j, UpdateCall update, int parameter)
    {
        var (x, g) = update[parameter];
        if (isTemporary(g.Storage) && writers.TryGetValue(g.Storage, out var at) && at is [var i] && i < j
            && calls[i] is ProductCall { Axes: null, Then: null, Inputs.Length: 2 } product && readers[g.Storage].Count == 1
            && product.Backend == update.Backend && x.Shape.Rank == 2 && x.Layout.IsDense && g.Layout.IsDense && product.Result.Layout.IsDense
            && product.Result.Shape == new Shape(1, x.Shape[0], x.Shape[1]) && g.Shape == x.Shape && g.Layout.Offset == product.Result.Layout.Offset
            && product.Backend.UpdatesByProducts(product.Operands[0], product.Result) && MayMove(product, i, update, j)
            && !Writes(update, product.Operands[0].Storage) && !Writes(update, product.Operands[1].Storage) && ReadsOnce(update, g.Storage))
        {
            Replace(i, j, update.With(parameter, product));
            return true;
        }

        return false;
    }

    private static bool Writes(Call call, Storage storage)
    {
        foreach (var y in call.Results)
        {
            if (y.Storage == storage)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether one operand of a call alone is in a storage: what was set as the gradient of two parameters, or a part of it, is in two.</summary>
    private static bool ReadsOnce(Call call, Storage storage)
    {
        int count = 0;
        foreach (var x in call.Inputs)
        {
            count += x.Storage == storage ? 1 : 0;
        }

        return count == 1;
    }

    /// <summary>Whether a call reads a storage as it was written, and no other view of it.</summary>
    private static bool ReadsOnly(Call call, Operand written)
    {
        foreach (var x in call.Inputs)
        {
            if (x.Storage == written.Storage && !Same(x, written))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the operands of the first call still are what they were when the second runs.</summary>
    private bool MayMove(Call first, int i, Call then, int j)
    {
        foreach (var x in first.Inputs)
        {
            if (writers.TryGetValue(x.Storage, out var at))
            {
                foreach (int k in at)
                {
                    if ((k > i && k < j) || (k == j && !Same(x, then.Results[0])))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    private static MapCall? Fuse(MapCall first, MapCall then, int most)
    {
        if (first.Ops + then.Ops > MostOps || first.Result.Shape != then.Result.Shape || !Reads(then, first.Result))
        {
            return null;
        }

        var inputs = new Operand[2 * MostInputs];
        int count = 0;
        Type?[] ofFirst = new Type?[MostInputs], ofThen = new Type?[MostInputs];
        for (int k = 0; k < first.Inputs.Length; k++)
        {
            ofFirst[k] = Pick(first.Inputs[k]);
        }

        for (int k = 0; k < then.Inputs.Length; k++)
        {
            ofThen[k] = Same(then.Inputs[k], first.Result) ? typeof(PickBefore) : Pick(then.Inputs[k]);
        }

        if (count > most)
        {
            return null;
        }

        object a = FormulaOf(first), b = FormulaOf(then);
        Type[] arguments =
            [a.GetType(), b.GetType(), .. ofFirst.Select(pick => pick ?? typeof(PickA)), .. ofThen.Select(pick => pick ?? typeof(PickA))];
        object formula = Activator.CreateInstance(typeof(Fused<,,,,,,,,,>).MakeGenericType(arguments), a, b)!;
        var map = count switch
        {
            1 => typeof(FusedMap1<>),
            2 => typeof(FusedMap2<>),
            3 => typeof(FusedMap3<>),
            _ => typeof(FusedMap4<>),
        };
        object op = Activator.CreateInstance(map.MakeGenericType(formula.GetType()), formula)!;
        return MapCall.Of(then, op, inputs.AsSpan(0, count), then.Result, first.Ops + then.Ops);

        Type? Pick(Operand x)
        {
            int at = 0;
            while (at < count && !Same(inputs[at], x))
            {
                at++;
            }

            if (at == count)
            {
                inputs[count++] = x;
            }

            return at < MostInputs ? Picks[at] : null;
        }
    }

    /// <summary>y = op(a·c, b): a product with the map of it and of at most one other operand.</summary>
    private static ProductCall? Epilogue(ProductCall product, MapCall then)
    {
        // Under the product's shape: the map may know its rows as those of a batch, or as no batch at all.
        // What an op has already followed is known by the map that was fused with it.
        bool isKnown = product.Inputs.Length == 2 || product.Then is not null;
        if (!isKnown || then.Under(product.Result.Shape) is not { } map || !Reads(map, product.Result) || !map.Result.Layout.IsDense)
        {
            return null;
        }

        var bare = product.Result;
        if (product.Then is { } before)
        {
            if (Fuse(before.Map, map, most: 2) is not { } both)
            {
                return null;
            }

            (bare, map) = (before.Bare, both);
        }

        // Where there is no other operand, an element of the right factor stands for one; it is not read for its value.
        var (a, c) = (product.Operands[0], product.Operands[1]);
        var other = new Operand(c.Storage, new Layout(map.Result.Shape, new int[map.Result.Shape.Rank], c.Layout.Offset), c.DType);
        foreach (var x in map.Inputs)
        {
            other = Same(x, bare) ? other : x;
        }

        if (a.Storage == map.Result.Storage || c.Storage == map.Result.Storage || other.Storage == map.Result.Storage
            || Pair(map, bare, other) is not { } op)
        {
            return null;
        }

        var fused = (ProductCall)Activator.CreateInstance(
            typeof(ProductCall<>).MakeGenericType(op.GetType()), product.Backend, op, product.Axes, a, c, other, map.Result)!;
        fused.Then = (map, bare);
        return fused;
    }

    /// <summary>y = op(a, b), combined along axes.</summary>
    private static ReductionCall? Prologue(MapCall first, ReductionCall reduction)
    {
        if (first.Under(reduction.Inputs[0].Shape) is not { } map || !Same(map.Result, reduction.Inputs[0])
            || !map.Result.Layout.IsDense)
        {
            return null;
        }

        var (a, b) = (map.Inputs[0], map.Inputs[0]);
        foreach (var x in map.Inputs)
        {
            b = Same(x, a) ? b : x;
        }

        return Pair(map, a, b) is { } op ? reduction.Of(op, a, b) : null;
    }

    /// <summary>A map as one of two operands; null where it has others.</summary>
    private static object? Pair(MapCall map, Operand a, Operand b)
    {
        var picks = new[] { typeof(PickA), typeof(PickA), typeof(PickA), typeof(PickA) };
        for (int k = 0; k < map.Inputs.Length; k++)
        {
            if (!Same(map.Inputs[k], a))
            {
                if (!Same(map.Inputs[k], b))
                {
                    return null;
                }

                picks[k] = typeof(PickB);
            }
        }

        if (map.Op is IMap2 && map.Inputs.Length == 2 && picks[0] == typeof(PickA) && picks[1] == typeof(PickB))
        {
            return map.Op;
        }

        object formula = FormulaOf(map);
        return Activator.CreateInstance(typeof(FusedPair<,,,,>).MakeGenericType([formula.GetType(), .. picks]), formula)!;
    }

    private static bool Reads(MapCall call, Operand x)
    {
        foreach (var input in call.Inputs)
        {
            if (Same(input, x))
            {
                return true;
            }
        }

        return false;
    }

    private void Replace(int i, int j, Call fused)
    {
        foreach (int k in new[] { i, j })
        {
            foreach (var x in calls[k]!.Inputs)
            {
                readers[x.Storage].Remove(k);
            }
        }

        writers.Remove(calls[i]!.Results[0].Storage);
        (calls[i], calls[j]) = (null, fused);
        foreach (var x in fused.Inputs)
        {
            readers[x.Storage].Add(j);
        }
    }
}
