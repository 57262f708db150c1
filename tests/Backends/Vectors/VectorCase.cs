using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gpu.Autograd.Tests.Vectors;

/// <summary>An array in a file of vectors.</summary>
public sealed record VectorArray(int[] Shape, double[] Data)
{
    public Tensor On(Device device, DType dtype) => Tensor.From<double>(Data, new Shape(Shape)).To(dtype).To(device);
}

/// <summary>One call of an op with its true value and derivatives.</summary>
public sealed record VectorCase(
    string Op,
    Dictionary<string, JsonElement> Attrs,
    VectorArray[] Inputs,
    int[] Differentiated,
    VectorArray Output,
    VectorArray Cotangent,
    VectorArray[] Grads,
    VectorArray[] Tangents,
    VectorArray Jvp,
    VectorArray[] Hvp)
{
    /// <summary>
    /// The project's own cases, and those in every *.json in the folder that GPU_AUTOGRAD_VECTORS names, by a name that says which one.
    /// </summary>
    public static IReadOnlyDictionary<string, VectorCase> All { get; } = Load();

    /// <summary>Whether it stands in the project's own file.</summary>
    [JsonIgnore]
    public bool IsOwn { get; init; }

    [JsonIgnore]
    private string Attributes => string.Join(", ", Attrs.Select(pair => $"{pair.Key}={pair.Value}"));

    private static SortedDictionary<string, VectorCase> Load()
    {
        var result = new SortedDictionary<string, VectorCase>(StringComparer.Ordinal);
        string own = Path.Combine(AppContext.BaseDirectory, "Vectors");
        List<string> files = [.. Directory.GetFiles(own, "*.json").Order()];
        if (Environment.GetEnvironmentVariable("GPU_AUTOGRAD_VECTORS") is { Length: > 0 } folder)
        {
            files.AddRange(Directory.GetFiles(folder, "*.json").Order());
        }

        foreach (string file in files)
        {
            var content = JsonSerializer.Deserialize<VectorFile>(File.ReadAllText(file), new JsonSerializerOptions(JsonSerializerDefaults.Web))!;
            for (int i = 0; i < content.Cases.Length; i++)
            {
                var c = content.Cases[i];
                bool isOwn = Path.GetDirectoryName(file) == own;
                string source = (isOwn ? "" : "GPU_AUTOGRAD_VECTORS/") + Path.GetFileNameWithoutExtension(file);
                result[$"{source} {i:D3} {c.Op}({c.Attributes})"] = c with { IsOwn = isOwn };
            }
        }

        return result;
    }

    private sealed record VectorFile(string Source, VectorCase[] Cases);
}
