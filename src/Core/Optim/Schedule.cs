namespace Gpu.Autograd.Optim;

/// <summary>Learning rates that fall with the steps: <c>optimizer.LearningRate = Schedule.Cosine(1e-3, step, steps)</c>.</summary>
public static class Schedule
{
    /// <summary>From the initial rate at step 0 to the final one at the last step and after it, along half a cosine.</summary>
    public static double Cosine(double initial, long step, long steps, double final = 0) =>
        final + ((initial - final) * 0.5 * (1 + Math.Cos(Math.PI * Math.Clamp((double)step / Math.Max(1, steps), 0, 1))));

    /// <summary>The initial rate, multiplied by the factor after every so many steps.</summary>
    public static double Stairs(double initial, long step, long every, double factor = 0.1) =>
        initial * Math.Pow(factor, step / Math.Max(1, every));
}
