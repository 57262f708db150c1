using System.Diagnostics;
using System.Globalization;
using Gpu.Autograd.Data;
using Gpu.Autograd.Optim;

namespace Gpu.Autograd.Cli.Training;

/// <summary>The training loop. What it computes depends on settings and data alone, not on who watches.</summary>
internal sealed class Trainer
{
    /// <summary>How often the loss is read: to read it, the host waits for the device.</summary>
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(100);

    private readonly Classifier model;
    private readonly TrainingSettings settings;
    private readonly Device device;
    private readonly Batches batches;
    private readonly Batches heldOut;
    private readonly Optimizer optimizer;
    private readonly Generator generator;
    private readonly int samples;
    private readonly long steps;

    /// <summary>A training of the model, which moves to the device, on the first part of the data; the second measures it.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="data">The samples to train on and those to measure with.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="generator">The order of samples and the noise come from it.</param>
    /// <param name="device">Where it is computed.</param>
    public Trainer(
        Classifier model, (Dataset Training, Dataset HeldOut) data, TrainingSettings settings, Generator generator, Device device)
    {
        (this.model, this.settings, this.generator, this.device) = (model, settings, generator, device);
        model.Fit(data.Training);
        model.To(device);
        optimizer = settings.NewOptimizer(model.Parameters);
        samples = data.Training.Count;
        batches = new Batches(data.Training, Math.Min(settings.Batch, samples), generator, device);
        heldOut = new Batches(data.HeldOut, Math.Min(EvaluationBatch, data.HeldOut.Count), device: device);
        steps = (long)settings.Epochs * batches.Count;
    }

    /// <summary>Samples that the network is asked about at a time, where there is nothing to learn from them.</summary>
    public static int EvaluationBatch => 4096;

    /// <summary>
    /// Has the device compile what a training needs, by a step of another network of the same kind: nothing of the training itself happens.
    /// </summary>
    /// <param name="model">What will be trained.</param>
    /// <param name="samples">Samples such as it will see.</param>
    /// <param name="settings">How it will be trained.</param>
    /// <param name="device">Where.</param>
    /// <param name="progress">Told of each kernel when it is ready.</param>
    public static IReadOnlyList<CompiledKernel> WarmUp(
        Classifier model, Dataset samples, TrainingSettings settings, Device device, IProgress<CompiledKernel>? progress = null)
    {
        int count = Math.Min(settings.Batch, samples.Count);
        var few = samples.Rows([.. Enumerable.Range(0, count)]);
        return device.WarmUp(
            () =>
            {
                var generator = new Generator(settings.Seed);
                var twin = new Classifier(model.Layers, model.ActivationName, generator);
                var trainer = new Trainer(twin, (few, few), settings with { Epochs = 1 }, generator, device);
                trainer.Run(_ => { }, CancellationToken.None);
            },
            progress);
    }

    /// <summary>Trains to the end, or to the end of the step in which it is asked to stop.</summary>
    /// <exception cref="FailureException">The loss is not finite any more.</exception>
    public TrainingResult Run(Action<TrainingReport> report, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        var reported = TimeSpan.Zero;
        var (epochsDone, step, seen) = (0, 0L, 0L);
        Evaluation? evaluation = null;
        for (int epoch = 1; epoch <= settings.Epochs && !stop.IsCancellationRequested; epoch++)
        {
            optimizer.LearningRate = Schedule.Cosine(settings.LearningRate, epoch - 1, settings.Epochs);
            Tensor? losses = null;
            int inEpoch = 0;
            foreach (var batch in batches.Epoch())
            {
                var loss = Step(batch);
                losses = losses is null ? loss : losses + loss;
                (step, inEpoch, seen) = (step + 1, inEpoch + 1, seen + batch.Count);
                if (step == 1 || clock.Elapsed - reported > ReportEvery)
                {
                    Report(done: false);
                }

                if (stop.IsCancellationRequested)
                {
                    break;
                }
            }

            if (inEpoch == batches.Count)
            {
                epochsDone = epoch;
                MeanLoss();
                evaluation = Evaluation.Of(model, heldOut);
                Report(done: true);
            }
            else
            {
                evaluation = null;
            }

            double MeanLoss()
            {
                double mean = losses!.Item() / inEpoch;
                return double.IsFinite(mean) ? mean : throw new FailureException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The loss is {mean} in epoch {epoch}, by step {step}: try a learning rate (--lr) below {settings.LearningRate}."));
            }

            void Report(bool done)
            {
                var loss = MeanLoss();
                var elapsed = reported = clock.Elapsed;
                report(new TrainingReport(
                    epoch,
                    settings.Epochs,
                    step,
                    steps,
                    loss,
                    evaluation?.Accuracy,
                    seen / elapsed.TotalSeconds,
                    elapsed * ((steps - step) / (double)step),
                    done));
            }
        }

        device.Synchronize();
        double seconds = clock.Elapsed.TotalSeconds;
        return new TrainingResult(evaluation ?? Evaluation.Of(model, heldOut), epochsDone, step, seconds, seen / seconds, step < steps);
    }

    private Tensor Step(Batch batch)
    {
        optimizer.ZeroGrad();
        var features = model.Scale(batch.Features);
        if (settings.Noise > 0)
        {
            // No sample is ever seen twice the same, so that the network learns what they have in common and not the samples.
            features += generator.Normal(features.Shape, deviation: settings.Noise, device: device);
        }

        var loss = model.Logits(features).CrossEntropy(batch.Labels);
        loss.Backward();
        optimizer.Step();
        return loss.Detach();
    }
}
