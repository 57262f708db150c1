using System.Collections;

namespace Gpu.Autograd.Capturing;

/// <summary>
/// Which calls of a recording have to wait for which. Calls that a device is given all at once need to wait only for those that write what
/// they read or write, or read what they write; all others are made one after the other.
/// </summary>
internal sealed class Order
{
    private readonly BitArray[] before;

    /// <param name="calls">The calls, in an order in which they may be made; where several are one, they stand together.</param>
    public Order(IReadOnlyList<Call[]> calls)
    {
        before = new BitArray[calls.Count];
        var over = new BitArray(calls.Count);
        After = new int[calls.Count][];
        for (int start = 0, end; start < calls.Count; start = end)
        {
            end = start + 1;
            while (IsGiven(calls[start][0]) && end < calls.Count && IsGiven(calls[end][0]) && calls[end][0].Backend == calls[start][0].Backend)
            {
                end++;
            }

            Runs.Add(start..end);
            var uses = new Dictionary<Storage, List<Use>>();
            for (int i = start; i < end; i++)
            {
                Add(calls[i], i, over, uses);
            }

            for (int i = start; i < end; i++)
            {
                over[i] = true;
            }
        }
    }

    /// <summary>The calls that are made ready together.</summary>
    public List<Range> Runs { get; } = [];

    /// <summary>For each call those of its run that it waits for; what these wait for is left out.</summary>
    public int[][] After { get; }

    /// <summary>Whether a call is always over when another begins.</summary>
    public bool IsBefore(int first, int second) => before[second][first];

    /// <summary>Whether a device is given a call together with others.</summary>
    public static bool IsGiven(Call call) => call.IsLaunch && call.Backend.PreparesAll;

    private void Add(Call[] calls, int i, BitArray over, Dictionary<Storage, List<Use>> uses)
    {
        var waitsFor = new SortedSet<int>();
        foreach (var call in calls)
        {
            for (int k = 0; k < call.Operands.Length; k++)
            {
                var use = Use.Of(call.Operands[k], i, writes: k >= call.Inputs.Length);
                if (!uses.TryGetValue(call.Operands[k].Storage, out var others))
                {
                    uses[call.Operands[k].Storage] = others = [];
                }

                foreach (var other in others)
                {
                    if (other.Call != i && other.Meets(use))
                    {
                        waitsFor.Add(other.Call);
                    }
                }

                others.Add(use);
            }
        }

        var all = new BitArray(over);
        var direct = new List<int>();
        foreach (int k in waitsFor.Reverse())
        {
            if (!all[k])
            {
                all.Or(before[k])[k] = true;
                direct.Add(k);
            }
        }

        (before[i], After[i]) = (all, [.. direct]);
    }

    /// <summary>The bytes of a storage that a call reads or writes.</summary>
    private readonly record struct Use(int Call, bool Writes, long From, long To)
    {
        internal static Use Of(Operand operand, int call, bool writes)
        {
            long first = operand.Layout.Offset, last = first;
            for (int axis = 0; axis < operand.Shape.Rank; axis++)
            {
                long reach = (operand.Shape[axis] - 1L) * operand.Layout.Strides[axis];
                (first, last) = reach < 0 ? (first + reach, last) : (first, last + reach);
            }

            int size = operand.DType.Size();
            return new(call, writes, first * size, operand.Shape.Size == 0 ? first * size : (last + 1) * size);
        }

        internal bool Meets(Use other) => (Writes || other.Writes) && From < other.To && other.From < To;
    }
}
