using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Gpu.Autograd.Core.Tests;

/// <summary>A type of a compiled assembly and every type that it mentions: in its signatures, its locals and its IL.</summary>
/// <param name="Name">Its full name; a nested type's, compiler-made ones too, is <c>Outer+Inner</c>.</param>
/// <param name="Interfaces">The full names of the interfaces that it implements.</param>
/// <param name="Mentions">The full names of the types, its own aside.</param>
internal sealed record CompiledType(string Name, IReadOnlySet<string> Interfaces, IReadOnlySet<string> Mentions);

/// <summary>Reads compiled assemblies without loading them: what stands in a file is what was compiled, whatever reflection would hide.</summary>
internal static class StoreysReader
{
    private static readonly Dictionary<int, OperandType> Operands = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => (int)(ushort)code.Value, code => code.OperandType);

    /// <summary>The types that an assembly defines.</summary>
    public static List<CompiledType> Types(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return [.. metadata.TypeDefinitions.Select(handle => Read(file, metadata, handle))];
    }

    /// <summary>The names of the assemblies that an assembly refers to.</summary>
    public static List<string> References(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    private static CompiledType Read(PEReader file, MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        var seen = new Collector(metadata);
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            seen.Add(metadata.GetInterfaceImplementation(implementation).Interface);
        }

        var interfaces = seen.Names.ToHashSet();
        seen.Add(type.BaseType);
        seen.AddConstraints(type.GetGenericParameters());
        foreach (var field in type.GetFields())
        {
            seen.Add(field);
        }

        foreach (var methodHandle in type.GetMethods())
        {
            var method = metadata.GetMethodDefinition(methodHandle);
            seen.Add(methodHandle);
            seen.AddConstraints(method.GetGenericParameters());
            if (method.RelativeVirtualAddress != 0)
            {
                AddBody(file.GetMethodBody(method.RelativeVirtualAddress), seen);
            }
        }

        string name = seen.NameOf(handle);
        seen.Names.Remove(name);
        return new(name, interfaces, seen.Names);
    }

    private static void AddBody(MethodBodyBlock body, Collector seen)
    {
        seen.Add(body.LocalSignature);
        foreach (var region in body.ExceptionRegions)
        {
            seen.Add(region.CatchType);
        }

        var il = body.GetILReader();
        while (il.RemainingBytes > 0)
        {
            int code = il.ReadByte();
            if (code == 0xFE)
            {
                code = 0xFE00 | il.ReadByte();
            }

            switch (Operands[code])
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok or OperandType.InlineSig:
                    seen.Add((EntityHandle)MetadataTokens.Handle(il.ReadInt32()));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    il.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    il.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.Offset += 8;
                    break;
                case OperandType.InlineSwitch:
                    int targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                default:
                    il.Offset += 4;
                    break;
            }
        }
    }

    /// <summary>Collects the names of types, wherever metadata can mention them.</summary>
    private sealed class Collector(MetadataReader metadata) : ISignatureTypeProvider<object?, object?>
    {
        public HashSet<string> Names { get; } = [];

        public void AddConstraints(GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(handle => metadata.GetGenericParameter(handle).GetConstraints()))
            {
                Add(metadata.GetGenericParameterConstraint(constraint).Type);
            }
        }

        public void Add(EntityHandle handle)
        {
            if (handle.IsNil)
            {
                return;
            }

            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition or HandleKind.TypeReference:
                    Names.Add(NameOf(handle));
                    break;
                case HandleKind.TypeSpecification:
                    metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.FieldDefinition:
                    var field = metadata.GetFieldDefinition((FieldDefinitionHandle)handle);
                    Add(field.GetDeclaringType());
                    field.DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    var method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                    Add(method.GetDeclaringType());
                    method.DecodeSignature(this, null);
                    break;
                case HandleKind.MemberReference:
                    var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                    Add(member.Parent);
                    _ = member.GetKind() == MemberReferenceKind.Field
                        ? member.DecodeFieldSignature(this, null)
                        : member.DecodeMethodSignature(this, null).ReturnType;
                    break;
                case HandleKind.MethodSpecification:
                    var generic = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Add(generic.Method);
                    generic.DecodeSignature(this, null);
                    break;
                case HandleKind.StandaloneSignature:
                    var signature = metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle);
                    _ = signature.GetKind() == StandaloneSignatureKind.LocalVariables
                        ? signature.DecodeLocalSignature(this, null).FirstOrDefault()
                        : signature.DecodeMethodSignature(this, null).ReturnType;
                    break;
                default:
                    throw new NotSupportedException($"A {handle.Kind} where a type or member was expected.");
            }
        }

        public string NameOf(EntityHandle handle)
        {
            if (handle.Kind == HandleKind.TypeReference)
            {
                var reference = metadata.GetTypeReference((TypeReferenceHandle)handle);
                return reference.ResolutionScope.Kind == HandleKind.TypeReference
                    ? $"{NameOf(reference.ResolutionScope)}+{metadata.GetString(reference.Name)}"
                    : Qualified(reference.Namespace, reference.Name);
            }

            var definition = metadata.GetTypeDefinition((TypeDefinitionHandle)handle);
            return definition.GetDeclaringType() is { IsNil: false } outer
                ? $"{NameOf(outer)}+{metadata.GetString(definition.Name)}"
                : Qualified(definition.Namespace, definition.Name);
        }

        public object? GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte kind) => Found(handle);

        public object? GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte kind) => Found(handle);

        public object? GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte kind) => Found(handle);

        // The parts of a composed type have been visited before it.
        public object? GetArrayType(object? element, ArrayShape shape) => null;

        public object? GetByReferenceType(object? element) => null;

        public object? GetFunctionPointerType(MethodSignature<object?> signature) => null;

        public object? GetGenericInstantiation(object? type, ImmutableArray<object?> arguments) => null;

        public object? GetGenericMethodParameter(object? context, int index) => null;

        public object? GetGenericTypeParameter(object? context, int index) => null;

        public object? GetModifiedType(object? modifier, object? unmodified, bool isRequired) => null;

        public object? GetPinnedType(object? element) => null;

        public object? GetPointerType(object? element) => null;

        public object? GetPrimitiveType(PrimitiveTypeCode code) => null;

        public object? GetSZArrayType(object? element) => null;

        private object? Found(EntityHandle handle)
        {
            Add(handle);
            return null;
        }

        private string Qualified(StringHandle space, StringHandle name) => $"{metadata.GetString(space)}.{metadata.GetString(name)}";
    }
}
