using Gpu.Autograd.Nn;
using Gpu.Autograd.Optim;
using static Gpu.Autograd.Tests.Repetition;

namespace Gpu.Autograd.Tests;

/// <summary>A captured step says what it cannot do, and goes on.</summary>
public sealed class CaptureErrorTests
{
    [Fact]
    public void What_would_not_be_replayed_is_an_error_in_the_first_run()
    {
        var x = Tensor.From([1f, 2f]);
        var generator = new Generator(1);
        var layer = new Linear(2, 2);
        var optimizer = new Sgd(layer.Parameters, 0.1);
        Fails("Step.Capture: the host reads a tensor, float32 [], inside", () => Step.Capture(x => x * x.Sum().Item()).Run(x));
        Fails("Step.Capture: Permutation draws on the host inside", () => Step.Capture(x => x * generator.Permutation(3)[0]).Run(x));
        Fails("Step.Capture: the learning rate of Sgd is set inside", () => Step.Capture(x => x * (optimizer.LearningRate = 1)).Run(x));
        Fails(
            "Step.Run: argument 0, float32 [2], is a value of a running Grad",
            () => Autodiff.Grad((Tensor x) => Step.Capture(x => x).Run(x).Sum())(x));
        Fails("Step.Run: argument 0, float32 [2, 2], has a gradient", () => Step.Capture(x => x).Run(layer.Weight));
    }

    [Fact]
    public void A_tensor_that_was_kept_is_an_error_when_it_is_read()
    {
        Tensor? kept = null;
        var step = Step.Capture(x => (kept = x.Exp()).Sum());
        Repeat(4, () => step.Run(Tensor.From([1f, 2f])));

        var error = Assert.Throws<ObjectDisposedException>(() => kept!.ToArray<float>());
        Assert.Contains("inside of a captured step", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A gradient that each run begins anew is no longer there after it; one that the body returns is.</summary>
    [Fact]
    public void A_gradient_is_returned_to_be_read()
    {
        var w = Tensor.From([3f, 4f]);
        w.RequiresGrad = true;
        var optimizer = new Sgd([w], 0);
        var step = Step.Capture((Tensor x) =>
        {
            optimizer.ZeroGrad();
            (w * x).Sum().Backward();
            optimizer.Step();
            return w.Grad!;
        });
        var silent = Step.Capture((Tensor x) =>
        {
            optimizer.ZeroGrad();
            (w * x).Sum().Backward();
            optimizer.Step();
            return w.Sum();
        });
        for (int run = 1; run < 6; run++)
        {
            Assert.Equal([run, 2f * run], step.Run(Tensor.From([run, 2f * run])).ToArray<float>());
        }

        Repeat(4, () => silent.Run(Tensor.From([1f, 2f])));

        var error = Assert.Throws<ObjectDisposedException>(() => w.Grad!.ToArray<float>());
        Assert.Contains("a gradient: a captured step that begins it anew (ZeroGrad)", error.Message, StringComparison.Ordinal);
        optimizer.ZeroGrad();
        Assert.Null(w.Grad);
    }

    [Fact]
    public void After_an_error_in_the_body_the_step_goes_on()
    {
        bool fails = false;
        var step = Step.Capture(x => fails ? x.Reshape(7) : x * 2);
        var x = Tensor.From([1f, 2f]);
        Repeat(2, () => step.Run(x));
        fails = true;
        Assert.Throws<ArgumentException>(() => step.Run(x));
        fails = false;
        Repeat(3, () => step.Run(x));

        Assert.Equal([2f, 4f], step.Run(x).ToArray<float>());
        Assert.Equal(1, step.Recordings);
    }

    private static void Fails(string message, Func<Tensor> run) =>
        Assert.StartsWith(message, Assert.Throws<InvalidOperationException>(run).Message, StringComparison.Ordinal);
}
