using System.Collections;

namespace Gpu.Autograd.Nn;

/// <summary>Modules one after another; the names of their state begin with their numbers: <c>0.weight</c>.</summary>
public sealed class Sequential(params Module[] modules) : Module, IReadOnlyList<Module>
{
    /// <inheritdoc/>
    public int Count => modules.Length;

    /// <inheritdoc/>
    public Module this[int index] => modules[index];

    /// <inheritdoc/>
    public override Tensor Forward(Tensor x)
    {
        foreach (var module in modules)
        {
            x = module.Forward(x);
        }

        return x;
    }

    /// <inheritdoc/>
    public IEnumerator<Module> GetEnumerator() => ((IEnumerable<Module>)modules).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => modules.GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"Sequential({string.Join(", ", modules.Select(module => module.ToString()))})";

    private protected override IEnumerable<(string Name, object Part)> Parts() =>
        modules.Select((module, index) => ($"{index}", (object)module));
}
