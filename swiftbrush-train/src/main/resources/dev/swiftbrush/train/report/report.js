for (const chart of document.querySelectorAll('.chart[data-points]')) {
  const points = chart.dataset.points.split(';').map(p => p.split(':'));
  const svg = chart.querySelector('svg'), cursor = chart.querySelector('.cursor'), readout = chart.querySelector('.readout');
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const [at, step, value] = points.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
    cursor.setAttribute('x1', at);
    cursor.setAttribute('x2', at);
    readout.textContent = 'step ' + Number(step).toLocaleString('en') + ': ' + value;
  });
  svg.addEventListener('pointerleave', () => {
    cursor.setAttribute('x1', -9);
    cursor.setAttribute('x2', -9);
    readout.textContent = readout.dataset.rest;
  });
}
for (const grid of document.querySelectorAll('.grids figure')) {
  grid.addEventListener('click', () => grid.classList.toggle('wide'));
}
