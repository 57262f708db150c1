using Gpu.Autograd.Autograd;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Nn;

/// <summary>
/// A module as a function of its parameters: <c>net.Call(p, x)</c> is the module's result for x with the tensors of p in the place of its
/// own. So every transform works on networks: per-sample gradients by <c>Vmap</c> of <c>Grad</c>, <c>Hvp</c> over all parameters, and
/// ensembles by <c>Vmap</c> over stacked ones. Calls nest and may run on several threads at once; the module itself is not changed.
/// </summary>
/// <remarks>
/// The substitution holds on the calling thread, while the call runs. Tensors that are not trained stay the module's own. Where a module
/// serves better than names, it is a structure itself (<see cref="Tree"/>): <c>Autodiff.Grad((Sequential net) => …)(net)</c>. That runs a
/// copy; this runs the very module, whatever it refers to.
/// </remarks>
public sealed class Functional
{
    private readonly Module module;
    private readonly OrderedDictionary<string, Tensor> own;

    /// <summary>The function of a module, whose parameters are those that it has now.</summary>
    public Functional(Module module)
    {
        this.module = module;
        own = new OrderedDictionary<string, Tensor>(module.NamedParameters.Select(named => KeyValuePair.Create(named.Name, named.Tensor)));
    }

    /// <summary>The module's parameters by name, as they are now: views without a gradient, for the arguments of calls.</summary>
    public Dictionary<string, Tensor> Parameters => own.ToDictionary(named => named.Key, named => named.Value.Detach());

    /// <summary>The parameters of modules of one kind, stacked along a new first axis, for <c>Vmap</c> over the modules.</summary>
    /// <exception cref="ArgumentException">There are no modules, or their parameters differ in names, shapes, dtype or device.</exception>
    public static Dictionary<string, Tensor> Stack(params IReadOnlyList<Module> modules)
    {
        if (modules.Count == 0)
        {
            throw new ArgumentException("Functional: there are no modules to stack.");
        }

        Functional[] nets = [.. modules.Select(each => new Functional(each))];
        foreach (var net in nets)
        {
            nets[0].Check(net.Parameters);
        }

        return nets[0].own.Keys.ToDictionary(
            name => name,
            name => Tensor.Concat([.. nets.Select(net => net.own[name].Detach()).Select(t => t.Reshape([1, .. t.Shape.Lengths]))]));
    }

    /// <summary>The module's result for x, with these parameters for its own.</summary>
    /// <exception cref="ArgumentException">Names are missing or unexpected, or a shape, dtype or device is not the parameter's.</exception>
    public Tensor Call(IReadOnlyDictionary<string, Tensor> parameters, Tensor x) => Call(parameters, () => module.Forward(x));

    /// <summary>The result of any function that uses the module, with these parameters for its own; a structure of tensors.</summary>
    /// <exception cref="ArgumentException">Names are missing or unexpected, or a shape, dtype or device is not the parameter's.</exception>
    public T Call<T>(IReadOnlyDictionary<string, Tensor> parameters, Func<T> body)
    {
        Check(parameters);
        var values = new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance);
        foreach (var (name, parameter) in own)
        {
            // An argument may itself stand for another one, where calls nest.
            values[parameter] = Scope.Resolved(parameters[name]).Strong(parameter.DType, parameter.Device);
        }

        foreach (var (parameter, value) in values.ToArray())
        {
            // One that is a parameter in its turn needs an object of its own, or it would be replaced too.
            if (values.ContainsKey(value))
            {
                values[parameter] = Engine.Apply(new Reshape(value.Shape, value.Shape), value);
            }
        }

        return Scope.Run(new Substitution(Scope.Current, values), () => Tree.Map(body(), result => Scope.Resolved(result)));
    }

    private void Check(IReadOnlyDictionary<string, Tensor> parameters)
    {
        List<string> faults = StateCheck.Faults(own.ToDictionary(named => named.Key, named => named.Value.Shape), parameters);
        foreach (var (name, parameter) in own)
        {
            if (parameters.TryGetValue(name, out var value) && (value.DType != parameter.DType || value.Device != parameter.Device))
            {
                faults.Add($"{name} is {value.DType.Name()} on {value.Device}, not {parameter.DType.Name()} on {parameter.Device}");
            }
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"Functional: the parameters do not fit {module.GetType().Name}: {string.Join("; ", faults)}.");
        }
    }
}
