using Gpu.Autograd.Autograd;

namespace Gpu.Autograd;

/// <summary>The tape: gradients of what <see cref="RequiresGrad"/> was set on.</summary>
public sealed partial class Tensor
{
    /// <summary>The gradient that <see cref="Backward"/> has added up here; null before the first, and on anything but a leaf.</summary>
    public Tensor? Grad { get; set; }

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

            if (Box is not null || Node is { IsLeaf: false })
            {
                throw new InvalidOperationException("RequiresGrad: this is the result of an op; only leaves can be set. Detach() it first.");
            }

            Node = value ? Node ?? Node.NewLeaf(this) : null;
        }
    }

    /// <summary>Turns the tape off on this thread until the result is disposed: <c>using (Tensor.NoGrad()) { … }</c>.</summary>
    public static GradScope NoGrad() => new(recording: false);

    /// <summary>Runs a body without recording: what it computes has no gradient.</summary>
    public static T NoGrad<T>(Func<T> body)
    {
        using var scope = NoGrad();
        return body();
    }

    /// <summary>The same values without any gradient; the memory is shared.</summary>
    public Tensor Detach() => Scope.Resolved(this, detached: true).Cut();

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
            throw new InvalidOperationException("Backward: nothing that this was computed from has RequiresGrad set.");
        }

        using var scope = new GradScope(createGraph);
        foreach (var (node, g) in Reverse.Gradients([(Node, Reverse.OnesLike(this))], retainGraph || createGraph))
        {
            if (node.Leaf is { } leaf)
            {
                leaf.Grad = leaf.Grad is null ? g : leaf.Grad + g;
            }
        }
    }

    private Tensor Cut() => Box switch
    {
        null => Node is null ? this : View(layout),
        Batched batched => new Tensor(new Batched(batched.Level, batched.Inner.Cut())),
        var box => box.Inner.Cut(),
    };
}

/// <summary>Sets whether the tape records on this thread, until it is disposed.</summary>
public readonly struct GradScope : IDisposable
{
    private readonly bool before;

    internal GradScope(bool recording)
    {
        before = Engine.IsRecording;
        Engine.IsRecording = recording;
    }

    /// <summary>Sets it back to what it was.</summary>
    public void Dispose() => Engine.IsRecording = before;
}
