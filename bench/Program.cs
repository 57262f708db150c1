using BenchmarkDotNet.Running;
using Gpu.Autograd.Bench;

BenchmarkSwitcher.FromAssembly(typeof(OnDevice).Assembly).Run(OnDevice.Choose(args));
