# One image for every process of Numina; docker-compose.yml says which command each one runs.
FROM python:3.13-slim

RUN useradd --system --create-home --home-dir /var/lib/numina numina
WORKDIR /opt/numina

COPY requirements.lock ./
RUN pip install --no-cache-dir -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER numina
ENV NUMINA_HOME=/var/lib/numina NUMINA_HOST=0.0.0.0 NUMINA_PORT=8000
VOLUME /var/lib/numina
EXPOSE 8000
ENTRYPOINT ["python", "-m", "numina"]
CMD ["serve"]
