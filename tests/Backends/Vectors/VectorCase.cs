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
    public static IReadOnlyDictionary<string, VectorCase> All => Loaded.Value;

    /// <summary>Whether it stands in the project's own file.</summary>
    [JsonIgnore]
    public bool IsOwn { get; init; }

    /// <summary>Why there is no case here: what is wrong with the file or with this part of it. Null where all is well.</summary>
    [JsonIgnore]
    public string? Problem { get; private init; }

    private static Lazy<SortedDictionary<string, VectorCase>> Loaded { get; } = new(Load);

    [JsonIgnore]
    private string Attributes => string.Join(", ", Attrs.Select(pair => $"{pair.Key}={pair.Value}"));

    private static SortedDictionary<string, VectorCase> Load()
    {
        var result = new SortedDictionary<string, VectorCase>(StringComparer.Ordinal);
        LoadFolder(result, Path.Combine(AppContext.BaseDirectory, "Vectors"), isOwn: true);
        if (Environment.GetEnvironmentVariable("GPU_AUTOGRAD_VECTORS") is { Length: > 0 } folder)
        {
            LoadFolder(result, folder, isOwn: false);
        }

        return result;
    }

    /// <summary>The cases of a folder's files. What cannot be read is a case of its own that fails, so that the others still run.</summary>
    internal static void LoadFolder(IDictionary<string, VectorCase> result, string folder, bool isOwn)
    {
        string prefix = isOwn ? "" : "GPU_AUTOGRAD_VECTORS/";
        if (!Directory.Exists(folder))
        {
            result[prefix] = Broken($"GPU_AUTOGRAD_VECTORS names {folder}, which is no folder.");
            return;
        }

        foreach (string file in Directory.GetFiles(folder, "*.json").Order())
        {
            string source = prefix + Path.GetFileNameWithoutExtension(file);
            try
            {
                var cases = JsonSerializer.Deserialize<VectorFile>(File.ReadAllText(file), Form)!.Cases;
                for (int i = 0; i < cases.Length; i++)
                {
                    try
                    {
                        var c = cases[i].Deserialize<VectorCase>(Form)!;
                        result[$"{source} {i:D3} {c.Op}({c.Attributes})"] = c with { IsOwn = isOwn };
                    }
                    catch (JsonException e)
                    {
                        result[$"{source} {i:D3}"] = Broken($"Case {i} of {file} is not of the form of pytorch-vectors.json: {e.Message}");
                    }
                }
            }
            catch (JsonException e)
            {
                result[source] = Broken($"{file} is not of the form of pytorch-vectors.json: {e.Message}");
            }
        }
    }

    private static VectorCase Broken(string problem)
    {
        var none = new VectorArray([0], []);
        return new("", [], [], [], none, none, [], [], none, []) { Problem = problem };
    }

    private static JsonSerializerOptions Form { get; } = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private sealed record VectorFile(JsonElement[] Cases);
}
