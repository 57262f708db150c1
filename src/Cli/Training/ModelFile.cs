using System.Globalization;
using Gpu.Autograd.Nn;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Cli.Training;

/// <summary>A trained network in a safetensors file; the metadata say how it is built, so that nothing else is needed to use it.</summary>
internal static class ModelFile
{
    private const string Kind = "classifier";

    /// <summary>Writes a network. The same network gives the same bytes.</summary>
    public static void Save(string path, Classifier model)
    {
        try
        {
            Safetensors.Save(path, model.State(), new Dictionary<string, string>
            {
                ["kind"] = Kind,
                ["layers"] = string.Join(',', model.Layers),
                ["activation"] = model.ActivationName,
                ["features"] = $"{model.Features}",
                ["classes"] = $"{model.Classes}",
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"{path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Reads a network.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FailureException">It does not hold what <see cref="Save"/> writes.</exception>
    public static Classifier Load(string path)
    {
        try
        {
            var (tensors, metadata) = Safetensors.Load(path);
            if (metadata.GetValueOrDefault("kind") != Kind)
            {
                throw new FailureException($"{path}: this is not a model of the train command: its metadata have no kind '{Kind}'.");
            }

            string list = metadata.GetValueOrDefault("layers", "");
            int[] layers = Array.ConvertAll(
                list.Split(','), size => int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0);
            string activation = metadata.GetValueOrDefault("activation", "");
            if (layers.Length < 2 || layers.Contains(0))
            {
                throw new FailureException($"{path}: the metadata's layers '{list}' are no list of sizes.");
            }

            if (!Activation.Names.Contains(activation))
            {
                throw new FailureException(
                    $"{path}: the metadata's activation '{activation}' is not one of {string.Join(", ", Activation.Names)}.");
            }

            // Before memory is taken for what the metadata claim.
            long expected = Classifier.CountParameters(layers) + (2L * layers[0]);
            long found = tensors.Values.Sum(tensor => (long)tensor.Count);
            if (expected != found)
            {
                throw new FailureException($"{path}: layers {list} have {expected} numbers, the file holds {found}.");
            }

            var model = new Classifier(layers, activation, new Generator(0));
            model.Load(tensors);
            return model;
        }
        catch (InvalidDataException e)
        {
            throw new FailureException(e.Message.StartsWith(path, StringComparison.Ordinal) ? e.Message : $"{path}: {e.Message}", e);
        }
    }
}
