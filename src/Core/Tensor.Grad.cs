using Gpu.Autograd.Autograd;
using Gpu.Autograd.Capturing;

namespace Gpu.Autograd;

/// <summary>The tape: gradients of what <see cref="RequiresGrad"/> was set on.</summary>
public sealed partial class Tensor
{
    /// <summary>The gradient that <see cref="Backward"/> has added up here; null before the first, and on anything but a leaf.</summary>
    public Tensor? Grad
    {
        get;
        set
        {
            if (field is { } before && value != before && Recorder.Noting is { } recorder && !recorder.Made.Contains(before.Storage))
            {
                CarryOver(recorder, before);
            }

            field = value;
        }
    }

    /// <summary>
    /// Whether gradients are kept for this tensor. Set it on leaves (parameters, inputs); results of ops have it when an operand has.
    /// </summary>
    /// <exception cref="InvalidOperationException">The elements are not real, or this is the result of an op.</exception>
    public bool RequiresGrad
    {
        get => Box switch
        {
            null => Node is not null,
            Batched batched => batched.Inner.RequiresGrad,
            _ => true,
        };
        set
        {
            if (value && !DType.IsReal())
            {
                throw new InvalidOperationException($"RequiresGrad: {DType.Name()} {Shape} has no gradient; only float32 and float64 have.");
            }

            if (IsWeak)
            {
                throw new InvalidOperationException("RequiresGrad: a plain number has no gradient; make it a tensor with Tensor.Scalar().");
            }

            if (Box is not null || Node is { IsLeaf: false })
            {
                throw new InvalidOperationException("RequiresGrad: this is the result of an op; only leaves can be set. Detach() it first.");
            }

            Node = value ? Node ?? Node.NewLeaf(this) : null;
        }
    }

    /// <summary>The record that gradients of this tensor arrive at: the innermost reverse transform's, else the tape's.</summary>
    private Node? Record
    {
        get
        {
            var t = this;
            for (; t.Box is { } box; t = box.Inner)
            {
                if (box is Recorded recorded)
                {
                    return recorded.Node;
                }
            }

            return t.Node;
        }
    }

    /// <summary>
    /// Turns the tape and the transforms that are running (Grad, Jvp, …) off on this thread until the result is disposed: what is computed
    /// then has no gradient: <c>using (Tensor.NoGrad()) { … }</c>.
    /// </summary>
    public static GradScope NoGrad() => new(recording: false, Level.Deepest);

    /// <summary>Runs a body without recording: what it computes has no gradient.</summary>
    public static T NoGrad<T>(Func<T> body)
    {
        using var scope = NoGrad();
        return body();
    }

    /// <summary>The same values without any gradient; the memory is shared.</summary>
    public Tensor Detach() => Scope.Resolved(this, detached: true).Unrecorded();

    /// <summary>
    /// Has a function see the gradient of this tensor in every backward pass, once the pass has it complete and before it goes further (to
    /// what the tensor was made from, or to <see cref="Grad"/>). What the function returns takes the gradient's place; null leaves it.
    /// Inside of Vmap it sees the whole batch, the batch's axis first.
    /// </summary>
    /// <returns>Takes the function away again when it is disposed.</returns>
    /// <exception cref="InvalidOperationException">This tensor has no gradient.</exception>
    public IDisposable RegisterHook(Func<Tensor, Tensor?> hook)
    {
        var node = Record ?? throw new InvalidOperationException(
            $"RegisterHook: {DType.Name()} {Shape} has no gradient; nothing that it was computed from has RequiresGrad set.");
        node.AddHook(hook);
        return new Registration(node, hook);
    }

    /// <summary>
    /// The record of how this tensor was computed, by the tape or inside of Grad and the like: as text by <c>ToString</c>, for Graphviz by
    /// <see cref="Graph.ToDot"/>.
    /// </summary>
    /// <param name="names">Names for leaves, such as a module's <c>State()</c>; others are called x1, x2, ….</param>
    /// <exception cref="InvalidOperationException">Nothing was recorded.</exception>
    public Graph ToGraph(IReadOnlyDictionary<string, Tensor>? names = null)
    {
        var node = Record ?? throw new InvalidOperationException(
            $"ToGraph: {DType.Name()} {Shape} has no record; nothing that it was computed from has RequiresGrad set.");
        return Graph.Of(node, leaf => names?.FirstOrDefault(named => named.Value.Record == leaf).Key);
    }

    /// <summary>
    /// Adds the gradient of this scalar to the <see cref="Grad"/> of every leaf that it was computed from. The kept intermediate values are
    /// dropped on the way, unless the graph is to be used again.
    /// </summary>
    /// <param name="createGraph">Record the pass itself, so that the gradients can be differentiated.</param>
    /// <param name="retainGraph">Keep the intermediate values for another pass.</param>
    /// <exception cref="InvalidOperationException">This is not a scalar, has no gradient, or its graph was used up or overwritten.</exception>
    public void Backward(bool createGraph = false, bool retainGraph = false)
    {
        Reverse.RequireScalar(this, "Backward");
        if (Box is { } box)
        {
            throw new InvalidOperationException(
                $"Backward: this value belongs to a running {box.Level.Transform}; use Autodiff.Grad inside of transforms.");
        }

        if (Node is null)
        {
            throw new InvalidOperationException(
                Cut is { } op
                    ? $"Backward: {DType.Name()} {Shape} was computed from the result of {op.Name}, which has no derivative, and of nothing " +
                      "else that has RequiresGrad set."
                    : $"Backward: nothing that {DType.Name()} {Shape} was computed from has RequiresGrad set.");
        }

        using var scope = new GradScope(createGraph, Engine.MutedDepth);
        using var pass = Pass.Begin(retainGraph || createGraph, ownsMemory: !createGraph);
        pass.Add(Node, Reverse.OnesLike(this));
        pass.Run();
        foreach (var (node, g) in pass.Leaves)
        {
            node.Leaf?.AddGradient(g);
        }
    }

    private void AddGradient(Tensor g) => Grad = Grad is { } before ? before + g : OwnGradient(g);

    /// <summary>
    /// A gradient that a captured step found here and read: what takes its place stands, at the step's end, where the next replay reads it.
    /// </summary>
    private void CarryOver(Recorder recorder, Tensor before) => recorder.Finish(() =>
    {
        if (Grad == before || !recorder.Calls.Exists(call => Reads(call, before.Storage)))
        {
            return;
        }

        if (Grad is not { } after)
        {
            // The next run does not find one; the one that does what all others will do can be recorded.
            recorder.Abandon();
            return;
        }

        before.Device.Backend.Copy(after.Detach().Operand, before.Operand);
        Grad = before;

        // One that is set, or added to, between replays is another tensor.
        recorder.Require(() => ReferenceEquals(Grad, before));
    });

    private static bool Reads(Call call, Storage storage)
    {
        foreach (var x in call.Inputs)
        {
            if (x.Storage == storage)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A gradient as a leaf keeps it: in memory that is no other leaf's, so that it can be overwritten.</summary>
    private static Tensor OwnGradient(Tensor g)
    {
        if (g.Node is not null || g.Box is not null)
        {
            return g;
        }

        g = g.Storage.IsGradient || !g.layout.IsDense ? g.Copy() : g;
        g.Storage.IsGradient = true;
        return g;
    }

    private sealed class Registration(Node node, Func<Tensor, Tensor?> hook) : IDisposable
    {
        private bool disposed;

        public void Dispose()
        {
            if (!disposed)
            {
                disposed = true;
                node.RemoveHook(hook);
            }
        }
    }

    private Tensor Unrecorded()
    {
        Box?.Level.Loses("Detach() or a comparison reads it without a derivative");
        return Box switch
        {
            null => Node is null ? this : View(layout),
            Batched batched => new Tensor(new Batched(batched.Level, batched.Inner.Unrecorded())),
            var box => box.Inner.Unrecorded(),
        };
    }
}

/// <summary>Sets whether the tape records on this thread, until it is disposed.</summary>
public readonly struct GradScope : IDisposable
{
    private readonly bool recordingBefore;
    private readonly long mutedBefore;

    internal GradScope(bool recording, long mutedDepth)
    {
        (recordingBefore, mutedBefore) = (Engine.IsRecording, Engine.MutedDepth);
        (Engine.IsRecording, Engine.MutedDepth) = (recording, mutedDepth);
    }

    /// <summary>Sets it back to what it was.</summary>
    public void Dispose() => (Engine.IsRecording, Engine.MutedDepth) = (recordingBefore, mutedBefore);
}
