using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Gpu.Autograd.Capturing;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Nn;

/// <summary>
/// A part of a network: a function of a tensor with tensors of its own. Its state is what stands in its fields and properties: every
/// <see cref="Tensor"/>, the state of every <see cref="Module"/>, and lists and dictionaries of either. Nothing has to be registered.
/// </summary>
/// <remarks>Names are those of the fields, the first letter in lower case, joined by dots: <c>encoder.0.weight</c>.</remarks>
public abstract partial class Module
{
    private static readonly ConcurrentDictionary<Type, (string Name, FieldInfo Field)[]> FieldsOf = new();

    private bool training = true;

    /// <summary>Whether the module is being trained; <see cref="Dropout"/> does nothing otherwise.</summary>
    public bool Training
    {
        get
        {
            // A step that was recorded in one mode is not replayed in the other.
            if (Recorder.Noting is { } recorder)
            {
                bool mode = training;
                recorder.Once(this, () => recorder.Require(() => training == mode));
            }

            return training;
        }

        private set => training = value;
    }

    /// <summary>What is trained: the tensors of <see cref="State"/> that have <see cref="Tensor.RequiresGrad"/> set.</summary>
    public IReadOnlyList<Tensor> Parameters => [.. Walk().Parameters.Select(named => named.Tensor)];

    /// <summary>The function.</summary>
    public abstract Tensor Forward(Tensor x);

    /// <summary>Every tensor of this module and of those within it by name, each once; not copies.</summary>
    public IReadOnlyDictionary<string, Tensor> State() =>
        new OrderedDictionary<string, Tensor>(Walk().Tensors.Select(named => KeyValuePair.Create(named.Name, named.Tensor)));

    /// <summary>Copies a state's values into this module's tensors, in place, converted to their dtype.</summary>
    /// <exception cref="InvalidDataException">Names are missing or unexpected, or shapes differ; then nothing was copied.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state)
    {
        var own = State();
        StateCheck.Require("the module", own.ToDictionary(named => named.Key, named => named.Value.Shape), state);
        foreach (var (name, tensor) in own)
        {
            tensor.Assign(state[name].Detach().To(tensor.DType));
        }
    }

    /// <summary>Moves every tensor and its gradient to a device, in place: the objects stay the same. Returns this module.</summary>
    public Module To(Device device)
    {
        foreach (var (_, tensor) in Walk().Tensors)
        {
            tensor.MoveTo(device);
        }

        return this;
    }

    /// <summary>Sets this module and those within it to training. Returns this module.</summary>
    public Module Train() => Set(training: true);

    /// <summary>Sets this module and those within it to use: no dropout. Returns this module.</summary>
    public Module Eval() => Set(training: false);

    /// <summary>What this module is made of, by name: tensors and modules. By default, what its fields hold.</summary>
    private protected virtual IEnumerable<(string Name, object Part)> Parts()
    {
        foreach (var (name, field) in FieldsOf.GetOrAdd(GetType(), Fields))
        {
            switch (field.GetValue(this))
            {
                case { } part when part is Tensor or Module:
                    yield return (name, part);
                    break;
                case IEnumerable<object> list and (IEnumerable<Module> or IEnumerable<Tensor>):
                    foreach (var (index, part) in list.Index())
                    {
                        yield return ($"{name}.{index}", part);
                    }

                    break;
                case IDictionary { Values: IEnumerable<Module> or IEnumerable<Tensor> } dictionary:
                    foreach (DictionaryEntry entry in dictionary)
                    {
                        yield return ($"{name}.{entry.Key}", entry.Value!);
                    }

                    break;
            }
        }
    }

    private static (string Name, FieldInfo Field)[] Fields(Type type)
    {
        // A derived class sees its base's private fields only through the base's type; the base comes first.
        var inherited = type.BaseType is { } above && above != typeof(Module) ? Fields(above) : [];
        var own = type
            .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .OrderBy(field => field.MetadataToken)
            .Select(field => (NameOf(field.Name), field));
        return [.. inherited, .. own];
    }

    /// <summary>
    /// The compiler keeps the property Weight in <c>&lt;Weight&gt;k__BackingField</c>, and the constructor's parameter x in
    /// <c>&lt;x&gt;P</c>.
    /// </summary>
    private static string NameOf(string field)
    {
        string name = field[0] == '<' ? field[1..field.IndexOf('>')] : field;
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private Module Set(bool training)
    {
        foreach (var module in Walk().Modules)
        {
            module.Training = training;
        }

        return this;
    }

    /// <summary>Everything within, each once, under the name it is first found by; so modules may share parts, even in a circle.</summary>
    private (List<(string Name, Tensor Tensor)> Tensors, List<(string Name, Tensor Tensor)> Parameters, List<Module> Modules) Walk()
    {
        var tensors = new List<(string, Tensor)>();
        var parameters = new List<(string, Tensor)>();
        var modules = new List<Module>();
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        Visit(this, "");
        return (tensors, parameters, modules);

        void Visit(Module module, string prefix)
        {
            if (!seen.Add(module))
            {
                return;
            }

            modules.Add(module);
            foreach (var (name, part) in module.Parts())
            {
                if (part is Module within)
                {
                    Visit(within, $"{prefix}{name}.");
                }
                else if (part is Tensor tensor && module.made?.Contains(tensor) is var isMade && (!tensor.IsWeak || isMade == true)
                    && seen.Add(tensor))
                {
                    tensors.Add((prefix + name, tensor));
                    if (isMade == true || tensor.RequiresGrad)
                    {
                        parameters.Add((prefix + name, tensor));
                    }
                }
            }
        }
    }
}
