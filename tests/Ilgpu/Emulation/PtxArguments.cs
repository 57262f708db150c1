using System.Reflection.Emit;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.IL;
using ILGPU.Backends.PTX;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>A kernel's arguments as they are given to the driver of CUDA.</summary>
internal static unsafe class PtxArguments
{
    /// <summary>Is given the arguments' bytes.</summary>
    internal delegate void Receiver(byte* bytes, int count);

    /// <summary>
    /// What makes them of a launch's size and the kernel. ILGPU's own mapper writes that code: views become pointers and lengths, structures are laid
    /// out anew, and the number of threads comes first where a kernel has to be told.
    /// </summary>
    internal static Action<Receiver, object?, TSize, K> Of<TSize, K>(PTXArgumentMapper mapper, EntryPoint entry)
    {
        // The first two of ILGPU's launchers are the loaded kernel and the stream.
        var method = new DynamicMethod(
            "Arguments", typeof(void), [typeof(Receiver), typeof(object), typeof(TSize), typeof(K)], typeof(PtxArguments).Module, skipVisibility: true);
        var code = method.GetILGenerator();
        var emitter = new ILEmitter(code);
        var (local, bytes) = mapper.Map(emitter, entry);
        code.Emit(OpCodes.Ldarg_0);
        emitter.Emit(LocalOperation.LoadAddress, local);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Ldc_I4, bytes);
        code.Emit(OpCodes.Callvirt, typeof(Receiver).GetMethod("Invoke")!);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Action<Receiver, object?, TSize, K>>();
    }
}
