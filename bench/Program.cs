using BenchmarkDotNet.Running;
using Gpu.Autograd.Bench;
using Gpu.Autograd.Bench.Compare;

switch (args)
{
    case ["compare", .. var options]:
        return Comparison.Run(options);
    case ["clblast", .. var options]:
        return ClBlast.Run(options);
    case ["curves", .. var options]:
        return Curves.Run(options);
    case ["memory"]:
        return MemoryUse.Run();
    case [Server.Command]:
        return Server.Run();
    default:
        BenchmarkSwitcher.FromAssembly(typeof(OnDevice).Assembly).Run(OnDevice.Choose(args));
        return 0;
}
