namespace System.Runtime.CompilerServices;

/// <summary>Known to the runtime by its name: the assembly that has it may use the internals of the one that it names.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    /// <summary>The other assembly's name.</summary>
    public string AssemblyName => assemblyName;
}
