"""Draws 2 000 bottles of wine, 8 measurements each, some corked: python3 draw.py > mine.csv"""
import random

draw = random.Random(2024)
print("acid,sugar,salt,sulphur,alcohol,colour,weight,age,state")
for _ in range(2000):
    x = [draw.gauss(0, 1) for _ in range(8)]
    x = [(v + 0.6 * x[0]) * scale for v, scale in zip(x, (1, 2, 0.5, 1, 1.5, 1, 0.3, 2))]
    corked = 1.2 * x[0] - 0.7 * x[1] + 0.5 * x[4] + 2.0 * x[6] - 0.4 + draw.gauss(0, 1.5) > 0
    print(*(f"{v:.3f}" for v in x), "corked" if corked else "sound", sep=",")
