namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>
/// What an assembler may make of a product and a sum that do not say how they are rounded: one instruction that rounds once. This does so wherever
/// the product's factors still stand where the sum is, within a block.
/// </summary>
internal static class PtxContraction
{
    internal static void Apply(PtxInstruction[] code, int[] lists)
    {
        var targets = code.Where(instruction => instruction.Code == PtxCode.Branch).Select(instruction => instruction.D).ToHashSet();
        var products = new Dictionary<int, PtxInstruction>();
        for (int at = 0; at < code.Length; at++)
        {
            if (targets.Contains(at))
            {
                products.Clear();
            }

            ref var now = ref code[at];
            Fuse(ref now, products);
            foreach (int place in Written(now, lists))
            {
                products.Remove(place);
                foreach (var (result, product) in products)
                {
                    if (product.A == place || product.B == place)
                    {
                        products.Remove(result);
                    }
                }
            }

            if (now.Code is PtxCode.MultiplyF or PtxCode.MultiplyD && now.When == 0 && now.D != now.A && now.D != now.B)
            {
                products[now.D] = now;
            }
        }
    }

    private static void Fuse(ref PtxInstruction sum, Dictionary<int, PtxInstruction> products)
    {
        bool subtracts = sum.Code is PtxCode.SubtractF or PtxCode.SubtractD;
        bool single = sum.Code is PtxCode.AddF or PtxCode.SubtractF;
        if (!subtracts && sum.Code is not (PtxCode.AddF or PtxCode.AddD))
        {
            return;
        }

        if (products.TryGetValue(sum.A, out var product))
        {
            sum.Code = subtracts ? single ? PtxCode.FusedLessF : PtxCode.FusedLessD : single ? PtxCode.FusedF : PtxCode.FusedD;
            (sum.A, sum.B, sum.C) = (product.A, product.B, sum.B);
        }
        else if (products.TryGetValue(sum.B, out product))
        {
            sum.Code = subtracts ? single ? PtxCode.NegatedFusedF : PtxCode.NegatedFusedD : single ? PtxCode.FusedF : PtxCode.FusedD;
            (sum.A, sum.B, sum.C) = (product.A, product.B, sum.A);
        }
    }

    private static int[] Written(PtxInstruction now, int[] lists) => now.Code switch
    {
        PtxCode.StoreGlobal or PtxCode.StoreShared or PtxCode.Branch or PtxCode.Barrier or PtxCode.Exit => [],
        PtxCode.LoadGlobal or PtxCode.LoadShared or PtxCode.LoadParam when now.Count > 1 => lists[now.D..(now.D + now.Count)],
        _ => [now.D],
    };
}
