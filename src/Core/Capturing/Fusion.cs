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

    /// <summary>Fuses a map with one of those that made its operands, if it may.</summary>
    private bool TryFuseInto(int j)
    {
        if (calls[j] is not MapCall then || !then.Result.DType.IsReal())
        {
            return false;
        }

        foreach (var x in then.Inputs)
        {
            if (isTemporary(x.Storage) && writers[x.Storage] is [var i] && i < j && calls[i] is MapCall first
                && readers[x.Storage].Count == 1 && first.Ops + then.Ops <= MostOps && first.Backend == then.Backend
                && first.Result.Shape == then.Result.Shape && ReadsOnly(then, first.Result) && MayMove(first, i, then, j))
            {
                if (Fuse(first, then) is { } fused)
                {
                    Replace(i, j, fused);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Whether a call reads a storage as it was written, and no other view of it.</summary>
    private static bool ReadsOnly(MapCall call, Operand written)
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
    private bool MayMove(MapCall first, int i, MapCall then, int j)
    {
        foreach (var x in first.Inputs)
        {
            if (writers.TryGetValue(x.Storage, out var at))
            {
                foreach (int k in at)
                {
                    if ((k > i && k < j) || (k == j && !Same(x, then.Result)))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    private static MapCall? Fuse(MapCall first, MapCall then)
    {
        var inputs = new List<Operand>();
        Type?[] ofFirst = new Type?[MostInputs], ofThen = new Type?[MostInputs];
        for (int k = 0; k < first.Inputs.Length; k++)
        {
            ofFirst[k] = Pick(first.Inputs[k]);
        }

        for (int k = 0; k < then.Inputs.Length; k++)
        {
            ofThen[k] = Same(then.Inputs[k], first.Result) ? typeof(PickBefore) : Pick(then.Inputs[k]);
        }

        if (inputs.Count > MostInputs)
        {
            return null;
        }

        object a = FormulaOf(first), b = FormulaOf(then);
        Type[] arguments =
            [a.GetType(), b.GetType(), .. ofFirst.Select(pick => pick ?? typeof(PickA)), .. ofThen.Select(pick => pick ?? typeof(PickA))];
        object formula = Activator.CreateInstance(typeof(Fused<,,,,,,,,,>).MakeGenericType(arguments), a, b)!;
        var map = inputs.Count switch
        {
            1 => typeof(FusedMap1<>),
            2 => typeof(FusedMap2<>),
            3 => typeof(FusedMap3<>),
            _ => typeof(FusedMap4<>),
        };
        object op = Activator.CreateInstance(map.MakeGenericType(formula.GetType()), formula)!;
        return MapCall.Of(then, op, inputs, then.Result, first.Ops + then.Ops);

        Type? Pick(Operand x)
        {
            int at = inputs.FindIndex(other => Same(other, x));
            if (at < 0)
            {
                at = inputs.Count;
                inputs.Add(x);
            }

            return at < MostInputs ? Picks[at] : null;
        }
    }

    private void Replace(int i, int j, MapCall fused)
    {
        foreach (int k in new[] { i, j })
        {
            foreach (var x in calls[k]!.Inputs)
            {
                readers[x.Storage].Remove(k);
            }
        }

        writers.Remove(((MapCall)calls[i]!).Result.Storage);
        (calls[i], calls[j]) = (null, fused);
        foreach (var x in fused.Inputs)
        {
            readers[x.Storage].Add(j);
        }
    }
}
