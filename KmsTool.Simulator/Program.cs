using KmsTool.Simulator.Commands;

return await SimulatorCommand.InvokeAsync(args);
