using Gpu.Autograd.Autograd;
using Gpu.Autograd.Capturing;

namespace Gpu.Autograd;

/// <summary>A captured step for arguments of certain shapes, dtypes and devices: first the body, then a recording of it.</summary>
internal sealed class Recording
{
    /// <summary>So often the body runs as it stands, so that the optimizer has its state and kernels are compiled.</summary>
    private const int EagerRuns = 2;

    private readonly (Shape Shape, DType DType, Device Device, bool IsWeak)[] kinds;

    // A plain number is of no dtype and on no device, but what holds it is: as the first argument that can be reckoned with.
    private readonly (DType DType, Device Device)? ofNumbers;
    private readonly bool tapeRecords = Engine.IsRecording;
    private Tensor?[] slots = [];
    private object? result;
    private int runs;

    public Recording(IReadOnlyList<Tensor> arguments)
    {
        kinds = [.. arguments.Select(x => (x.Shape, x.DType, x.Device, x.IsWeak))];
        ofNumbers = arguments.FirstOrDefault(x => !x.IsWeak && x.DType.IsReal()) is { } like ? (like.DType, like.Device) : null;
    }

    /// <summary>What is replayed, once there has been a recording.</summary>
    public Plan? Plan { get; private set; }

    /// <summary>Whether this is for such arguments, and still what the body would do.</summary>
    public bool Fits(List<Tensor> arguments)
    {
        if (arguments.Count != kinds.Length || tapeRecords != Engine.IsRecording)
        {
            return false;
        }

        for (int k = 0; k < kinds.Length; k++)
        {
            var x = arguments[k];
            if (x.Shape != kinds[k].Shape || x.DType != kinds[k].DType || x.Device != kinds[k].Device || x.IsWeak != kinds[k].IsWeak)
            {
                return false;
            }
        }

        return Plan?.Holds() != false;
    }

    /// <summary>The step from the recording.</summary>
    public object? Replay(List<Tensor> arguments)
    {
        Require(arguments);
        CopyIn(arguments);
        Plan!.Run();
        return result;
    }

    /// <summary>The step from its body.</summary>
    public TOut Run<TOut>(List<Tensor> arguments, Func<Queue<Tensor>, TOut> body)
    {
        Require(arguments);
        bool records = runs++ >= EagerRuns;
        var given = arguments;
        if (records)
        {
            given = [.. kinds.Select((_, k) => NewSlot(k))];
            slots = [.. given];
            CopyIn(arguments);
        }

        using var recorder = Recorder.Begin(records, Node.LastId);
        var returned = Tree.Map(body(new(given)), Result);
        if (records && !recorder.IsAbandoned)
        {
            recorder.Finish();
            Plan = new Plan(recorder, Tree.Flatten(returned).Select(y => y.Storage).ToHashSet(), [.. given.Select(slot => slot.Storage)]);
            for (int k = 0; k < slots.Length; k++)
            {
                // What an argument is copied to where it cannot be read where it is: made when it is needed.
                slots[k] = Plan.IsBound(k) ? null : slots[k];
            }

            result = returned;
        }

        return returned;
    }

    /// <summary>A result as the caller sees it: its values.</summary>
    private static Tensor Result(Tensor y) => y.Box is null
        ? y.Strong(y.DType, y.Device).Detach()
        : throw new InvalidOperationException(
            $"Step.Run: the step returns {y.DType.Name()} {y.Shape}, a value of a running {y.Box.Level.Transform}; capture the whole of it.");

    private static void Require(List<Tensor> arguments)
    {
        for (int k = 0; k < arguments.Count; k++)
        {
            var x = arguments[k];
            if (x.Box is { } box)
            {
                throw new InvalidOperationException(
                    $"Step.Run: argument {k}, {x.DType.Name()} {x.Shape}, is a value of a running {box.Level.Transform}; a captured step " +
                    "cannot run inside of a transform.");
            }

            if (x.Node is not null)
            {
                throw new InvalidOperationException(
                    $"Step.Run: argument {k}, {x.DType.Name()} {x.Shape}, has a gradient, which would not reach it; Detach() it, or let the " +
                    "body capture it.");
            }
        }
    }

    private Tensor NewSlot(int k)
    {
        var (dtype, device) = KindOf(k);
        return Tensor.Empty(kinds[k].Shape, dtype, device);
    }

    private (DType DType, Device Device) KindOf(int k) => kinds[k].IsWeak && ofNumbers is { } kind ? kind : (kinds[k].DType, kinds[k].Device);

    private bool IsOtherSlot(Tensor x, int own)
    {
        foreach (var slot in slots)
        {
            if (ReferenceEquals(slot?.Storage, x.Storage))
            {
                return !ReferenceEquals(slot, slots[own]) || !x.Layout.IsDense;
            }
        }

        return false;
    }

    private void CopyIn(List<Tensor> arguments)
    {
        // What the step returned may be an argument of the run before, and now another one or a part of one: read before it is written.
        for (int k = 0; k < kinds.Length; k++)
        {
            if (arguments[k].IsWeak)
            {
                var (dtype, device) = KindOf(k);
                arguments[k] = arguments[k].Strong(dtype, device);
            }
            else if (arguments[k].Count > 0 && IsOtherSlot(arguments[k], k))
            {
                arguments[k] = arguments[k].Copy();
            }
        }

        for (int k = 0; k < kinds.Length; k++)
        {
            bool isBound = Plan?.IsBound(k) == true;
            if (isBound && Plan!.TryBind(k, arguments[k].Operand))
            {
                continue;
            }

            var slot = slots[k] ??= NewSlot(k);
            if (slot.Count > 0)
            {
                slot.Device.Owner.Copy(arguments[k].Operand, slot.Operand);
                slot.Storage.Touch();
            }

            if (isBound)
            {
                Plan!.TryBind(k, slot.Operand);
            }
        }
    }
}
