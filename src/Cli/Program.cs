using Gpu.Autograd.Cli;

return App.Run(args, Terminal.OfProcess());
