using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Capturing;

/// <summary>
/// Finds the calls that are a training step of a small net: from a batch, row by row, to the gradients of all layers; the sums over the rows that
/// are the gradients of weights and biases, and the loss; and the optimizer's step. Nothing else reads what its rows are, so that a device may
/// keep them where they are computed.
/// </summary>
internal sealed class Whole
{
    /// <summary>The widest layer whose rows are kept.</summary>
    private const int Widest = 128;

    /// <summary>With more rows there is enough to do in any case, and larger tiles do it better.</summary>
    private const int MostRows = 4096;

    /// <summary>What is put together is compiled as one kernel.</summary>
    private const int MostCalls = 60;

    private readonly Call[][] jobs;
    private readonly Order order;
    private readonly Range run;
    private readonly SortedDictionary<int, Role> members = [];
    private readonly Dictionary<Storage, (Role Role, Operand Written)> values = new(ReferenceEqualityComparer.Instance);
    private int rows;

    private Whole(Call[][] jobs, Range run, Order order) => (this.jobs, this.run, this.order) = (jobs, run, order);

    /// <summary>What the calls of a run are in a step of a small net, by their jobs; null if there is none.</summary>
    /// <param name="jobs">The calls of a recording, those that are put together in one array.</param>
    /// <param name="run">Which of them are made ready together.</param>
    /// <param name="order">What waits for what.</param>
    /// <param name="isTemporary">Whether only the calls use a storage.</param>
    public static Dictionary<int, Part[]>? Of(Call[][] jobs, Range run, Order order, Func<Storage, bool> isTemporary)
    {
        var whole = new Whole(jobs, run, order);
        return Order.IsGiven(jobs[run.Start.Value][0]) && whole.Find() ? whole.Parts(isTemporary) : null;
    }

    private bool Find()
    {
        var (start, count) = run.GetOffsetAndLength(jobs.Length);
        for (int i = start; i < start + count; i++)
        {
            rows = rows > 0 ? rows : RowsOf(jobs[i][0]);
            if (rows > 0 && RoleOf(i) is { } role)
            {
                if (!MayBeIn(i, role))
                {
                    Forget(jobs[i]);
                    continue;
                }

                members.Add(i, role);
                if (role == Role.Update)
                {
                    return members.Sum(member => jobs[member.Key].Length) <= MostCalls;
                }
            }
        }

        return false;
    }

    /// <summary>The rows of a product, from which on they are known; 0 if it is none.</summary>
    private static int RowsOf(Call call) =>
        call is ProductCall { Axes: null } && call.Results[0].Shape[0] == 1 && call.Results[0].Shape[1] is > 1 and <= MostRows and int rows ? rows : 0;

    /// <summary>What a job could be, of which all others then know what it writes; null if it is nothing.</summary>
    private Role? RoleOf(int i)
    {
        Role? role = null;
        foreach (var call in jobs[i])
        {
            role = IsRow(call) ? Role.Row
                : IsSum(call) ? Role.Sum
                : call is MapCall { Inputs.Length: 1 } && RoleAt(call.Inputs[0]) == Role.Sum && IsWritten(call.Inputs[0]) && IsNew(call.Results[0])
                    ? Role.OfSum
                : call is UpdateCall update ? IsStep(update) ? Role.Update : null
                : call is MapCall && call.Results[0].Shape.Size == 1 && Reads(call) == 0 ? Role.Aside
                : null;
            if (role is not { } known || (jobs[i].Length > 1 && known != Role.Row))
            {
                Forget(jobs[i]);
                return null;
            }

            foreach (var y in call.Results)
            {
                values.TryAdd(y.Storage, (known, y));
            }
        }

        return role;
    }

    private void Forget(Call[] calls)
    {
        foreach (var call in calls)
        {
            foreach (var y in call.Results)
            {
                values.Remove(y.Storage);
            }
        }
    }

    private Role? RoleAt(Operand x) => values.TryGetValue(x.Storage, out var value) ? value.Role : null;

    /// <summary>How many of its operands are made of rows.</summary>
    private int Reads(Call call)
    {
        int count = 0;
        foreach (var x in call.Inputs)
        {
            count += RoleAt(x) is null or Role.Aside ? 0 : 1;
        }

        return count;
    }

    private bool IsNew(Operand y) => y.DType.IsReal() && y.Layout.IsDense && y.Shape.Size > 0 && !values.ContainsKey(y.Storage);

    /// <summary>Whether an operand is what another call wrote, under whatever shape.</summary>
    private bool IsWritten(Operand x) => values[x.Storage].Written is var y && x.DType == y.DType && x.Layout.IsDense
        && x.Layout.Offset == y.Layout.Offset && x.Shape.Size == y.Shape.Size;

    private bool IsRow(Call call)
    {
        var y = call.Results[0];
        if (call.Results.Length != 1 || !call.IsByRows(0) || !IsNew(y) || Along.RowsOf(y) != rows || y.Shape.Size / rows > Widest)
        {
            return false;
        }

        bool reads = call is ProductCall { Axes: null } && call.Operands[0].Shape[2] is > 0 and <= Widest;
        if (call is ProductCall && !reads)
        {
            return false;
        }

        for (int k = 0; k < call.Inputs.Length; k++)
        {
            var x = call.Inputs[k];
            if (RoleAt(x) is { } role)
            {
                if (role != Role.Row || !call.IsByRows(k) || !IsWritten(x) || Along.RowsOf(x) != rows)
                {
                    return false;
                }

                reads = true;
            }
        }

        return reads;
    }

    private bool IsSum(Call call)
    {
        if (call is ProductCall { Axes: null, Then: null, Inputs.Length: 2 })
        {
            var (a, c) = (call.Operands[0], call.Operands[1]);
            return IsNew(call.Results[0]) && a.Shape[0] == 1 && a.Shape[2] == rows && a.Shape[1] <= Widest && c.Shape[2] <= Widest && Reads(call) > 0
                && MayBeSummed(a with { Layout = a.Layout.Permuted([0, 2, 1]) }) && MayBeSummed(c);
        }

        if (call is ReductionCall<Sum> && RoleAt(call.Inputs[0]) == Role.Row && MayBeSummed(call.Inputs[0]) && IsNew(call.Results[0]))
        {
            // Along the rows, or along all axes.
            var (from, to) = (call.Inputs[0].Shape, call.Results[0].Shape);
            return to.Size == 1 || (to.Rank == from.Rank && to.Size == from.Size / rows && to[from.Lengths.IndexOf(rows)] == 1);
        }

        return false;

        bool MayBeSummed(Operand x) => RoleAt(x) is not { } role || (role == Role.Row && IsWritten(x) && Along.RowsOf(x) == rows);
    }

    private bool IsStep(UpdateCall update)
    {
        var gradients = new HashSet<Storage>(ReferenceEqualityComparer.Instance);
        for (int k = 0; k < update.Parameters; k++)
        {
            var (x, g) = update[k];
            if (RoleAt(g) != Role.Sum || !IsWritten(g) || !x.Layout.IsDense || !gradients.Add(g.Storage))
            {
                return false;
            }
        }

        return !update.HasProducts && Reads(update) == update.Parameters;
    }

    /// <summary>Whether nothing that is left outside comes between, and rows wait for rows alone.</summary>
    private bool MayBeIn(int i, Role role)
    {
        for (int k = run.Start.Value; k < i; k++)
        {
            bool isBefore = order.IsBefore(k, i);
            if (members.TryGetValue(k, out var other))
            {
                if (isBefore && (role == Role.Aside || (other == Role.Aside && role != Role.Update)))
                {
                    return false;
                }
            }
            else if (isBefore && members.Keys.Any(member => order.IsBefore(member, k)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What the calls are; null where a row is read by others.</summary>
    private Dictionary<int, Part[]>? Parts(Func<Storage, bool> isTemporary)
    {
        var read = new HashSet<Storage>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < jobs.Length; i++)
        {
            if (!members.ContainsKey(i))
            {
                foreach (var call in jobs[i])
                {
                    foreach (var x in call.Inputs)
                    {
                        read.Add(x.Storage);
                    }
                }
            }
        }

        var parts = members.ToDictionary(
            member => member.Key,
            member => Array.ConvertAll(jobs[member.Key], call => new Part(member.Value, rows, IsKept(call.Results[0].Storage))));
        return parts.Values.Any(some => some[0].Role == Role.Row && Array.Exists(some, part => part.IsKept)) ? null : parts;

        bool IsKept(Storage storage) => !isTemporary(storage) || read.Contains(storage);
    }
}
