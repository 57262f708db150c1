using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using ILGPU;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Lets ILGPU see ops that are not public: a struct in a user's program is internal unless it says otherwise, and works on the CPU. ILGPU
/// emits its launchers into an assembly of its own; the runtime lets that one see the internals of every assembly that an attribute on it
/// names. ILGPU keeps the assembly to itself, hence the reflection; where a later version has none, only public ops run.
/// </summary>
internal sealed class NonPublicOps(Context context)
{
    private readonly HashSet<Assembly> seen = [];

    /// <summary>Lets the launchers see all types that a kernel is made of.</summary>
    internal void Show(Type kernel)
    {
        foreach (var argument in kernel.GetGenericArguments())
        {
            Show(argument);
        }

        if (!kernel.IsVisible && seen.Add(kernel.Assembly) && Launchers() is { } launchers)
        {
            var constructor = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
            launchers.SetCustomAttribute(new CustomAttributeBuilder(constructor, [kernel.Assembly.GetName().Name!]));
        }
    }

    private AssemblyBuilder? Launchers() => typeof(RuntimeSystem)
        .GetField("assemblyBuilder", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(context.RuntimeSystem) as AssemblyBuilder;
}
