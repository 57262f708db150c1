namespace Gpu.Autograd.Capturing;

/// <summary>
/// A recording made ready to be replayed: what nothing reads is left out, what never changes stays as it was computed, and what lives
/// for a part of the step shares memory with what lives before and after it.
/// </summary>
internal sealed class Plan
{
    /// <summary>Calls are chosen for operands that begin at such a multiple of elements; arguments begin at one too.</summary>
    private const int Multiple = 4;

    private readonly Call[] calls;
    private readonly Action[] prepared;
    private readonly Action<int, Storage, long>[]?[] binds;
    private readonly (Block? Block, long Storage, long From)[] bound;
    private readonly HashSet<Storage> writes;
    private readonly Storage[] written;
    private readonly Storage[] around;
    private readonly Func<bool>[] conditions;
    private readonly Action[] preparations;

    /// <param name="recorder">What was recorded.</param>
    /// <param name="results">The memory of what the step returns.</param>
    /// <param name="arguments">The memory of what it was given, which was made for that.</param>
    public Plan(Recorder recorder, IReadOnlySet<Storage> results, Storage[] arguments)
    {
        conditions = [.. recorder.Conditions];
        preparations = [.. recorder.Preparations];
        var constants = Constants(recorder, results);
        var lasting = new HashSet<Storage>(recorder.Made.Where(storage => results.Contains(storage) || constants.Contains(storage)));
        calls = Fusion.Run(Needed(recorder, lasting, constants), storage => recorder.Made.Contains(storage) && !lasting.Contains(storage));
        written =
        [
            .. calls.SelectMany(call => call.Results.ToArray()).Select(y => y.Storage)
                .Where(storage => !recorder.Made.Contains(storage) || results.Contains(storage)).Distinct(),
        ];
        around =
        [
            .. calls.SelectMany(call => call.Operands).Select(operand => operand.Storage)
                .Where(storage => !recorder.Made.Contains(storage) && !storage.IsLeft).Distinct(),
        ];
        var along = Along.Run(calls);
        calls = [.. along.SelectMany(some => some)];
        var order = new Order(along);
        var wholes = order.Runs.ConvertAll(run => Whole.Of(along, run, order, storage => recorder.Made.Contains(storage) && !lasting.Contains(storage)));
        Place(recorder, lasting, along, order);
        writes = [.. calls.SelectMany(call => call.Results.ToArray()).Select(y => y.Storage), .. results];
        var joined = order.Runs.Zip(wholes).Select(some => Prepared(along, some.First, order, some.Second, arguments)).ToList();
        prepared = [.. joined.Select(all => all.Run)];
        bound = new (Block?, long, long)[arguments.Length];
        binds = Array.ConvertAll(arguments, storage => BindsOf(storage, along, order, joined));
        foreach (var (k, storage) in arguments.Index())
        {
            if (IsBound(k))
            {
                storage.Release("was an argument of a captured step, which reads each argument where it is; copy what is to be kept.");
            }
        }
    }

    /// <summary>The calls of one replay.</summary>
    public IReadOnlyList<Call> Calls => calls;

    /// <summary>The bytes of the memory that results share which live for a part of the step.</summary>
    public long SharedBytes { get; private set; }

    /// <summary>The bytes that they would have, each in memory of its own.</summary>
    public long SeparateBytes { get; private set; }

    /// <summary>The greatest sum of bytes of those that are alive at once: no sharing takes less.</summary>
    public long AliveBytes { get; private set; }

    /// <summary>Whether the body would still make these calls: in the same modes, and on parameters that are where they were.</summary>
    public bool Holds()
    {
        foreach (var storage in around)
        {
            if (storage.IsLeft)
            {
                return false;
            }
        }

        foreach (var condition in conditions)
        {
            if (!condition())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether an argument is read where it is, as <see cref="TryBind"/> says; if not, it has to be copied to what was recorded.</summary>
    public bool IsBound(int argument) => binds[argument] is not null;

    /// <summary>
    /// Has the calls read an argument where it is, from now on: if it lies as what was recorded, and is nothing that they write. The caller
    /// keeps it alive until they are made.
    /// </summary>
    public bool TryBind(int argument, Operand x)
    {
        if (!x.Layout.IsDense || x.Layout.Offset % Multiple > 0 || writes.Contains(x.Storage))
        {
            return false;
        }

        // A block that is lent anew is bound anew: what comes to it may still be on its way.
        var (block, storage, from) = (x.Storage.Block, x.Storage.Id, (long)x.Layout.Offset * x.DType.Size());
        if (bound[argument] != (block, storage, from))
        {
            bound[argument] = default;
            foreach (var bind in binds[argument]!)
            {
                bind(argument, x.Storage, from);
            }

            bound[argument] = (block, storage, from);
        }

        return true;
    }

    /// <summary>Makes all calls.</summary>
    public void Run()
    {
        foreach (var preparation in preparations)
        {
            preparation();
        }

        foreach (var call in prepared)
        {
            call();
        }

        foreach (var storage in written)
        {
            storage.Touch();
        }
    }

    /// <summary>Calls made ready; those that a device can be given without the host are one.</summary>
    private static Joined Prepared(Call[][] along, Range run, Order order, Dictionary<int, Part[]>? whole, Storage[] arguments)
    {
        var (start, count) = run.GetOffsetAndLength(along.Length);
        return !Order.IsGiven(along[start][0])
            ? new(along[start][0].Prepared(), null)
            : along[start][0].Backend.Join(
            [
                .. Enumerable.Range(start, count).Select(i => new Job(
                    Array.ConvertAll<Call, Action<Backend>>(along[i], call => call.Run),
                    Along.RowsOf(along[i][0].Results[0]),
                    Array.ConvertAll(order.After[i], k => k - start),
                    whole?.GetValueOrDefault(i))),
            ],
            arguments);
    }

    /// <summary>What binds an argument for all that read it; null where it cannot be, or stands for more than what is read.</summary>
    private Action<int, Storage, long>[]? BindsOf(Storage argument, Call[][] along, Order order, List<Joined> joined)
    {
        if (writes.Contains(argument) || argument.IsGradient)
        {
            return null;
        }

        var all = new List<Action<int, Storage, long>>();
        foreach (var (run, (_, bind)) in order.Runs.Zip(joined))
        {
            if (along[run].Any(some => some.Any(call => call.Operands.Any(x => x.Storage == argument))))
            {
                if (bind is null)
                {
                    return null;
                }

                all.Add(bind);
            }
        }

        return [.. all];
    }

    /// <summary>
    /// Storages that are written from nothing but constants, and not read before they are whole: numbers in formulas, unit matrices.
    /// </summary>
    private static HashSet<Storage> Constants(Recorder recorder, IReadOnlySet<Storage> results)
    {
        var lastWrite = new Dictionary<Storage, int>();
        foreach (var (i, call) in recorder.Calls.Index())
        {
            foreach (var y in call.Results)
            {
                lastWrite[y.Storage] = i;
            }
        }

        var constants = new HashSet<Storage>();
        var others = new HashSet<Storage>(results);
        foreach (var (i, call) in recorder.Calls.Index())
        {
            bool constant = call.IsFunction;
            foreach (var x in call.Inputs)
            {
                if (lastWrite.GetValueOrDefault(x.Storage, -1) >= i)
                {
                    others.Add(x.Storage);
                    constants.Remove(x.Storage);
                }

                constant &= constants.Contains(x.Storage);
            }

            foreach (var y in call.Results)
            {
                constant &= recorder.Made.Contains(y.Storage) && !others.Contains(y.Storage);
            }

            foreach (var y in call.Results)
            {
                if (constant)
                {
                    constants.Add(y.Storage);
                }
                else
                {
                    others.Add(y.Storage);
                    constants.Remove(y.Storage);
                }
            }
        }

        return constants;
    }

    /// <summary>The calls whose results are read, or last longer than the step.</summary>
    private static Call[] Needed(Recorder recorder, HashSet<Storage> lasting, HashSet<Storage> constants)
    {
        var needed = new List<Call>();
        var read = new HashSet<Storage>();
        foreach (var call in Enumerable.Reverse(recorder.Calls))
        {
            bool isNeeded = false;
            foreach (var y in call.Results)
            {
                isNeeded |= !constants.Contains(y.Storage)
                    && (!recorder.Made.Contains(y.Storage) || lasting.Contains(y.Storage) || read.Contains(y.Storage));
            }

            if (isNeeded)
            {
                needed.Add(call);
                foreach (var x in call.Inputs)
                {
                    read.Add(x.Storage);
                }
            }
        }

        needed.Reverse();
        return [.. needed];
    }

    /// <summary>Gives everything that does not last a place in memory that it shares with what is not alive at the same time.</summary>
    private void Place(Recorder recorder, HashSet<Storage> lasting, Call[][] along, Order order)
    {
        var lives = new Dictionary<Storage, List<int>>();
        foreach (var (i, some) in along.Index())
        {
            foreach (var operand in some.SelectMany(call => call.Operands))
            {
                if (recorder.Made.Contains(operand.Storage) && !lasting.Contains(operand.Storage))
                {
                    if (!lives.TryGetValue(operand.Storage, out var users))
                    {
                        lives[operand.Storage] = users = [];
                    }

                    users.Add(i);
                }
            }
        }

        var change = new long[along.Length + 1];
        foreach (var (storage, users) in lives)
        {
            change[users[0]] += storage.Block.Bytes;
            change[users[^1] + 1] -= storage.Block.Bytes;
        }

        long alive = 0;
        foreach (long bytes in change)
        {
            AliveBytes = Math.Max(AliveBytes, alive += bytes);
        }

        // The large ones choose first; the small ones fill the gaps. What shares memory is used by calls that come one before the other in any
        // case: so it makes none of them wait.
        var places = new List<(Storage Storage, List<List<int>> Taken)>();
        var moved = new Dictionary<Storage, Storage>();
        foreach (var (storage, life) in lives.OrderByDescending(pair => pair.Key.Block.Bytes).ThenBy(pair => pair.Value[0]))
        {
            SeparateBytes += storage.Block.Bytes;
            var place = places.Find(at =>
                at.Storage.Backend == storage.Backend && at.Taken.TrueForAll(other => IsBefore(other, life) || IsBefore(life, other)));
            if (place.Storage is null)
            {
                place = (new Storage(storage.Backend, storage.Block.Bytes), []);
                places.Add(place);
                SharedBytes += storage.Block.Bytes;
            }

            place.Taken.Add(life);
            moved.Add(storage, place.Storage);
        }

        foreach (var call in calls)
        {
            for (int k = 0; k < call.Operands.Length; k++)
            {
                if (moved.TryGetValue(call.Operands[k].Storage, out var place))
                {
                    call.Operands[k] = call.Operands[k] with { Storage = place };
                }
            }
        }

        // Whoever kept a tensor of the recorded run shall not read from it what is no longer computed.
        foreach (var storage in recorder.Made)
        {
            if (!lasting.Contains(storage))
            {
                storage.Release(storage.IsGradient
                    ? "was a gradient: a captured step that begins it anew (ZeroGrad) keeps it no longer than a run; return it from the step's body."
                    : "was made inside of a captured step, which does not return it; return it from the step's body.");
            }
        }

        bool IsBefore(List<int> users, List<int> others) => order.IsBefore(users[^1], others[0])
            && users.TrueForAll(user => others.TrueForAll(other => order.IsBefore(user, other)));
    }
}
