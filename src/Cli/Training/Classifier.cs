using Gpu.Autograd.Data;
using Gpu.Autograd.Nn;

namespace Gpu.Autograd.Cli.Training;

/// <summary>
/// What <c>train</c> makes and <c>predict</c> uses: features [N, F], as they stand in the file, to logits [N, C]. It knows the scale of the
/// features that it was trained on.
/// </summary>
internal sealed class Classifier : Module
{
    private readonly Tensor mean;
    private readonly Tensor scale;
    private readonly Sequential network;

    /// <summary>A network with fresh weights; features are taken as they are until <see cref="Fit"/>.</summary>
    public Classifier(IReadOnlyList<int> layers, string activation, Generator generator)
    {
        (Layers, ActivationName) = (layers, activation);
        mean = Tensor.Zeros([layers[0]]);
        scale = Tensor.Ones([layers[0]]);
        var modules = new List<Module>();
        for (int i = 1; i < layers.Count; i++)
        {
            if (i > 1)
            {
                modules.Add(Activation.Parse(activation));
            }

            modules.Add(new Linear(layers[i - 1], layers[i], generator: generator));
        }

        network = new Sequential([.. modules]);
    }

    /// <summary>The units of every layer, from the features to the classes.</summary>
    public IReadOnlyList<int> Layers { get; }

    /// <summary>The name of the activation between the layers.</summary>
    public string ActivationName { get; }

    /// <summary>The number of features.</summary>
    public int Features => Layers[0];

    /// <summary>The number of classes.</summary>
    public int Classes => Layers[^1];

    /// <summary>The number of weights and biases.</summary>
    public long ParameterCount => CountParameters(Layers);

    /// <summary>The number of weights and biases of a network of these layers.</summary>
    public static long CountParameters(IReadOnlyList<int> layers) =>
        layers.Zip(layers.Skip(1), (inputs, outputs) => ((long)inputs + 1) * outputs).Sum();

    /// <summary>
    /// Takes the scale from these samples: every feature is shifted to mean 0 and divided by its range over √12, which is its deviation
    /// if it is uniform. (By its own deviation, a pixel that is rarely set would drown the others.) A constant feature becomes 0.
    /// </summary>
    public void Fit(Dataset data)
    {
        float[] values = data.Features.ToArray<float>();
        var (means, scales) = (new float[Features], new float[Features]);
        for (int f = 0; f < Features; f++)
        {
            var (sum, least, greatest) = (0.0, double.PositiveInfinity, double.NegativeInfinity);
            for (int i = f; i < values.Length; i += Features)
            {
                (sum, least, greatest) = (sum + values[i], Math.Min(least, values[i]), Math.Max(greatest, values[i]));
            }

            means[f] = (float)(sum / data.Count);
            scales[f] = greatest > least ? (float)(Math.Sqrt(12) / (greatest - least)) : 0;
        }

        mean.Assign(Tensor.From<float>(means));
        scale.Assign(Tensor.From<float>(scales));
    }

    /// <summary>Features as the network takes them: a uniform one has mean 0 and deviation 1.</summary>
    public Tensor Scale(Tensor x) => (x - mean) * scale;

    /// <summary>Scaled features [N, F] to logits [N, C].</summary>
    public Tensor Logits(Tensor scaled) => network.Forward(scaled);

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => Logits(Scale(x));
}
