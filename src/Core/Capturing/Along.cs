namespace Gpu.Autograd.Capturing;

/// <summary>
/// Finds calls that a group of threads can make one after the other for some rows of a batch, without the other groups: row i of what one of
/// them writes needs row i alone of what the others write, and all else that they read stands before they begin. So the layers of a small
/// net, its loss and the way back to the gradients of all layers need not wait for each other.
/// </summary>
internal sealed class Along
{
    /// <summary>Wider rows are better shared out to many groups.</summary>
    private const int Widest = 128;

    /// <summary>With more rows than these there is enough to do in any case, and products are better off with larger tiles.</summary>
    private const int MostRows = 4096;

    /// <summary>What is put together is compiled as one kernel.</summary>
    private const int MostCalls = 12;

    /// <summary>What stands farther off is not looked at, so that long recordings take no longer than they must.</summary>
    private const int Window = 100;

    /// <summary>Each product needs shared memory of its own.</summary>
    private const int MostProducts = 6;

    private readonly Call[] calls;
    private readonly Order order;
    private readonly List<int> members = [];
    private int rows;

    private Along(Call[] calls, Order order) => (this.calls, this.order) = (calls, order);

    /// <summary>The calls in an order in which they may be made; what is put together stands together.</summary>
    public static Call[][] Run(Call[] calls)
    {
        var order = new Order(Array.ConvertAll(calls, call => new[] { call }));
        int[] first = [.. Enumerable.Range(0, calls.Length)];
        foreach (var run in order.Runs)
        {
            var (start, count) = run.GetOffsetAndLength(calls.Length);
            for (int from = start; from < start + count;)
            {
                var along = new Along(calls, order);
                from = along.Find(from, start + count);
                foreach (int i in along.members)
                {
                    first[i] = along.members[0];
                }
            }
        }

        return Sorted(calls, order, first);
    }

    /// <summary>The rows of an operand: its first axis that is not of length 1.</summary>
    public static int RowsOf(Operand x)
    {
        foreach (int length in x.Shape.Lengths)
        {
            if (length != 1)
            {
                return length;
            }
        }

        return 1;
    }

    /// <summary>Finds some calls from one on.</summary>
    /// <returns>Where others may begin.</returns>
    private int Find(int from, int end)
    {
        for (int i = from; i < Math.Min(end, from + Window) && members.Count < MostCalls; i++)
        {
            if (calls[i].Backend.PreparesAll && MayBeIn(i))
            {
                members.Add(i);
            }
            else if (members.Count == 0)
            {
                break;
            }
        }

        // One product alone, or none, is launched as it is wherever it stands.
        if (members.Count(i => calls[i] is ProductCall) < 2)
        {
            members.Clear();
            return from + 1;
        }

        return members[^1] + 1;
    }

    private bool MayBeIn(int i)
    {
        var call = calls[i];
        var y = call.Results[0];
        if (call.Results.Length != 1 || !y.DType.IsReal() || !y.Layout.IsDense || y.Shape.Size == 0 || !call.IsByRows(0)
            || (call is ProductCall && members.Count(k => calls[k] is ProductCall) == MostProducts))
        {
            return false;
        }

        int ofResult = RowsOf(y);
        if (ofResult is < 2 or > MostRows || y.Shape.Size / ofResult > Widest || (members.Count > 0 && ofResult != rows)
            || (call is ProductCall && call.Operands[0].Shape[2] is < 1 or > Widest))
        {
            return false;
        }

        // Nothing is written that another one reads or writes, and what is read of theirs is read as it was written.
        bool reads = members.Count == 0;
        foreach (int k in members)
        {
            var written = calls[k].Results[0];
            for (int x = 0; x < call.Inputs.Length; x++)
            {
                if (call.Inputs[x].Storage == written.Storage)
                {
                    if (!call.IsByRows(x) || !IsSame(call.Inputs[x], written))
                    {
                        return false;
                    }

                    reads = true;
                }
            }

            foreach (var operand in calls[k].Operands)
            {
                if (operand.Storage == y.Storage)
                {
                    return false;
                }
            }
        }

        // Nothing that is left outside comes between two that are in.
        for (int k = members.Count == 0 ? i : members[0] + 1; k < i; k++)
        {
            if (order.IsBefore(k, i) && !members.Contains(k) && members.Exists(member => order.IsBefore(member, k)))
            {
                return false;
            }
        }

        rows = ofResult;
        return reads;
    }

    private static bool IsSame(Operand x, Operand written) => x.DType == written.DType && x.Layout.IsDense
        && x.Layout.Offset == written.Layout.Offset && x.Shape.Size == written.Shape.Size && RowsOf(x) == RowsOf(written);

    /// <summary>What is put together is made where all that it waits for is over.</summary>
    private static Call[][] Sorted(Call[] calls, Order order, int[] first)
    {
        var sorted = new List<Call[]>();
        bool[] done = new bool[calls.Length];
        for (int i = 0; i < calls.Length; i++)
        {
            Visit(i);
        }

        return [.. sorted];

        void Visit(int i)
        {
            if (done[i])
            {
                return;
            }

            int[] some = [.. Enumerable.Range(i, Math.Min(Window, calls.Length - i)).Where(k => first[k] == first[i])];
            foreach (int k in some)
            {
                done[k] = true;
            }

            foreach (int k in some)
            {
                Array.ForEach(order.After[k], Visit);
            }

            sorted.Add([.. some.Select(k => calls[k])]);
        }
    }
}
