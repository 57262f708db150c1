using System.Collections;
using Gpu.Autograd.Autograd;

namespace Gpu.Autograd.Nn;

/// <content>
/// A module as a structure of its parameters, for <see cref="Tree"/>: <c>Autodiff.Grad((Sequential net) => …)</c>. A module of other
/// parameters is a copy of this one and of the modules within it, each once; all else that they hold is shared.
/// </content>
public abstract partial class Module : ITree
{
    /// <summary>The parameters of a module that was made so; they need not be leaves of the tape.</summary>
    private HashSet<Tensor>? made;

    /// <summary>The parameters by name.</summary>
    internal IReadOnlyList<(string Name, Tensor Tensor)> NamedParameters => Walk().Parameters;

    IReadOnlyList<(string Name, Tensor Tensor)> ITree.Leaves => [.. NamedParameters.Select(named => (named.Name, Value(named.Tensor)))];

    object ITree.With(IReadOnlyList<Tensor> leaves)
    {
        var (tensors, own, modules) = Walk();
        var copies = new Dictionary<object, object>(ReferenceEqualityComparer.Instance);
        var parameters = new HashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var taken = new HashSet<Tensor>(tensors.Select(named => named.Tensor), ReferenceEqualityComparer.Instance);
        foreach (var (k, (_, parameter)) in own.Index())
        {
            // One object in two places would be one parameter.
            var leaf = taken.Add(leaves[k]) ? leaves[k] : Another(leaves[k]);
            parameters.Add(leaf);
            copies[parameter] = leaf;
        }

        foreach (var module in modules)
        {
            var copy = (Module)module.MemberwiseClone();
            copy.made = parameters;
            copies[module] = copy;
        }

        foreach (var module in modules)
        {
            foreach (var (name, field) in FieldsOf.GetOrAdd(module.GetType(), Fields))
            {
                if (field.GetValue(module) is { } held && Copied(held, copies, $"{module.GetType().Name}.{name}") is var other
                    && !ReferenceEquals(held, other))
                {
                    field.SetValue(copies[module], other);
                }
            }
        }

        return copies[this];
    }

    /// <summary>A parameter as an argument: what it stands for now, or its value; the tape need not record what is computed of it.</summary>
    private static Tensor Value(Tensor parameter)
    {
        var now = Scope.Resolved(parameter, detached: true);
        return now.Box is null && now.Node is { IsLeaf: true } ? now.Detach() : now;
    }

    private static Tensor Another(Tensor leaf) => leaf.IsWeak ? leaf.WeakValue : leaf.Alias();

    /// <summary>What a field of a copy holds.</summary>
    private static object Copied(object held, Dictionary<object, object> copies, string where)
    {
        if (copies.TryGetValue(held, out object? copy))
        {
            return copy;
        }

        if (held is not (IEnumerable<Module> or IEnumerable<Tensor> or IDictionary { Values: IEnumerable<Module> or IEnumerable<Tensor> }))
        {
            return References.From(held, copies.ContainsKey)
                ? throw new ArgumentException(
                    $"Tree: {where}, a {TreeForms.NameOf(held.GetType())}, refers to parameters of its module, so that a copy of the module " +
                    "would still use these; call the module with other parameters by Functional.")
                : held;
        }

        if (!((IEnumerable)(held is IDictionary dictionary ? dictionary.Values : held)).Cast<object>().Any(copies.ContainsKey))
        {
            return held;
        }

        try
        {
            // No path: the module's own structure is that of its parameters.
            var list = TreeBranch.Of(held, null)!;
            return copies[held] = list.With([.. list.Parts.Select(part => part is null ? null : copies.GetValueOrDefault(part, part))]);
        }
        catch (ArgumentException)
        {
            throw new ArgumentException(
                $"Tree: {where}, a {TreeForms.NameOf(held.GetType())}, cannot be made again with other parameters; call the module with these " +
                "by Functional.");
        }
    }
}
