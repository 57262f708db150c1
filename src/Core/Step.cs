namespace Gpu.Autograd;

/// <summary>
/// Steps that are recorded once and then replayed: <c>var step = Step.Capture((x, y) => …); step.Run(x, y)</c>. A replay makes the same
/// calls of the device as the body did, with other numbers: it builds no graph and allocates nothing.
/// </summary>
/// <remarks>
/// <para>For each new set of shapes, dtypes and devices the body runs twice as it stands, the third time it is recorded, and from then on
/// replayed; all of these are true steps, with equal results. What a step returns is overwritten by its next run; copy what is to be kept.
/// Parameters, the state of optimizers, gradients that are added up over several runs, and the counters of generators go on as in eager
/// runs. Every other tensor that the body makes is gone after the run; one that was kept all the same is an error when it is read. So is the
/// <c>Grad</c> of a parameter, where the body begins it anew (<c>ZeroGrad</c>, then <c>Backward</c>): return it from the body to read it. An
/// argument that is memory which the step writes, a parameter's <c>Detach</c>, say, is in a replay what it was when the run began.</para>
/// <para>Only calls of devices are replayed. What the body does on the host happens while it runs as it stands, and is as it was then: an
/// <c>if</c>, a number taken from a variable, the learning rate. To read a tensor on the host inside of the body, to set a learning rate, to
/// draw a permutation there is an error; a module that is switched between training and use is recorded in both modes, and one that was
/// moved to another device anew.</para>
/// </remarks>
public static class Step
{
    /// <summary>A step without arguments.</summary>
    /// <param name="body">The step; it returns a tensor or a structure of tensors (<see cref="Tree"/>); what Run gives is detached from the tape.</param>
    public static CapturedStep<TOut> Capture<TOut>(Func<TOut> body) => new(body);

    /// <summary>A step of one argument, a tensor or a structure of tensors.</summary>
    public static CapturedStep<T, TOut> Capture<T, TOut>(Func<T, TOut> body) => new(body);

    /// <summary>A step of two arguments; without types, <c>(x, y) => …</c>, they are tensors.</summary>
    public static CapturedStep<T1, T2, TOut> Capture<T1, T2, TOut>(Func<T1, T2, TOut> body) => new(body);

    /// <summary>A step of three arguments.</summary>
    public static CapturedStep<T1, T2, T3, TOut> Capture<T1, T2, T3, TOut>(Func<T1, T2, T3, TOut> body) => new(body);

    /// <summary>A step of one tensor.</summary>
    public static CapturedStep<Tensor, Tensor> Capture(Func<Tensor, Tensor> body) => new(body);

    /// <summary>A step of two tensors.</summary>
    public static CapturedStep<Tensor, Tensor, Tensor> Capture(Func<Tensor, Tensor, Tensor> body) => new(body);

    /// <summary>A step of three tensors.</summary>
    public static CapturedStep<Tensor, Tensor, Tensor, Tensor> Capture(Func<Tensor, Tensor, Tensor, Tensor> body) => new(body);
}
