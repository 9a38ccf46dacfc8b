// Curves, drawn by uPlot.
