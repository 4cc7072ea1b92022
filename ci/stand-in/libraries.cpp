// cuBLAS and cuRAND, as far as this project's program calls them: products by plain loops in the streams of the
// stand-in for the driver; nothing is drawn.

#include "driver.hpp"

#include <cstring>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int

namespace {

constexpr int NOT_SUPPORTED = 15, INVALID_VALUE = 7, EXECUTION_FAILED = 13;
constexpr int FLOAT = 0, DOUBLE = 1;          // cudaDataType
constexpr int TF32 = 77;                      // cublasComputeType_t
constexpr int TRANSPOSED = 1;                 // cublasOperation_t

struct Handle {
  void *stream = nullptr;
};

// A matrix of columns, or of rows where it is taken transposed.
template <typename T> struct Matrix {
  const T *at;
  long long column;
  bool transposed;
  T operator()(long long i, long long j) const { return transposed ? at[i * column + j] : at[j * column + i]; }
};

// Ten bits of the fraction, to the nearest, as tensor cores read them.
float tf32(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x1000) & ~0x1fffu;
  std::memcpy(&x, &bits, sizeof bits);
  return x;
}
double tf32(double x) { return x; }

template <typename T> struct Product {
  int m, n, k;
  T alpha, beta;
  Matrix<T> a, b;
  T *c;
  long long column;
  bool short_factors;

  void make() const {
    // Rows of A side by side, so that the innermost loop reads both in a row.
    std::vector<T> row((std::size_t)k), all((std::size_t)k * n);
    const auto read = [&](T x) { return short_factors ? tf32(x) : x; };
    for (int j = 0; j < n; j++) {
      for (int l = 0; l < k; l++) {
        all[(std::size_t)j * k + l] = read(b(l, j));
      }
    }
    for (int i = 0; i < m; i++) {
      for (int l = 0; l < k; l++) {
        row[l] = read(a(i, l));
      }
      for (int j = 0; j < n; j++) {
        const T *other = &all[(std::size_t)j * k];
        // Sums of parts, as a GPU adds them up.
        T sums[8] = {};
        int l = 0;
        for (; l + 8 <= k; l += 8) {
          for (int s = 0; s < 8; s++) {
            sums[s] += row[l + s] * other[l + s];
          }
        }
        T sum = 0;
        for (const T part : sums) {
          sum += part;
        }
        for (; l < k; l++) {
          sum += row[l] * other[l];
        }
        T &out = c[(long long)j * column + i];
        out = beta == 0 ? alpha * sum : alpha * sum + beta * out;
      }
    }
  }
};

template <typename T>
int products(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int lda,
             long long sa, const void *b, int ldb, long long sb, const void *beta, void *c, int ldc, long long sc,
             int batch, bool short_factors) {
  if (m < 0 || n < 0 || k < 0 || batch < 0) {
    return INVALID_VALUE;
  }
  const Product<T> one{m,
                       n,
                       k,
                       *(const T *)alpha,
                       *(const T *)beta,
                       {(const T *)a, lda, ta == TRANSPOSED},
                       {(const T *)b, ldb, tb == TRANSPOSED},
                       (T *)c,
                       ldc,
                       short_factors};
  const std::function<int()> run = [=] {
    for (int i = 0; i < batch; i++) {
      Product<T> product = one;
      product.a.at += i * sa;
      product.b.at += i * sb;
      product.c += i * sc;
      product.make();
    }
    return 0;
  };
  return standin_enqueue(((Handle *)handle)->stream, &run, "products") ? EXECUTION_FAILED : 0;
}

} // namespace

API cublasCreate_v2(void **handle) {
  *handle = new Handle;
  return 0;
}

API cublasDestroy_v2(void *handle) {
  delete (Handle *)handle;
  return 0;
}

API cublasSetStream_v2(void *handle, void *stream) {
  ((Handle *)handle)->stream = stream;
  return 0;
}

API cublasGetProperty(int property, int *value) {
  *value = property == 0 ? 13 : 0;
  return 0;
}

API cublasGemmStridedBatchedEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                               int a_type, int lda, long long sa, const void *b, int b_type, int ldb, long long sb,
                               const void *beta, void *c, int c_type, int ldc, long long sc, int batch, int compute,
                               int) {
  if (a_type != FLOAT || b_type != FLOAT || c_type != FLOAT) {
    return NOT_SUPPORTED;
  }
  return products<float>(handle, ta, tb, m, n, k, alpha, a, lda, sa, b, ldb, sb, beta, c, ldc, sc, batch,
                         compute == TF32);
}

API cublasDgemmStridedBatched(void *handle, int ta, int tb, int m, int n, int k, const double *alpha,
                              const double *a, int lda, long long sa, const double *b, int ldb, long long sb,
                              const double *beta, double *c, int ldc, long long sc, int batch) {
  (void)DOUBLE;
  return products<double>(handle, ta, tb, m, n, k, alpha, a, lda, sa, b, ldb, sb, beta, c, ldc, sc, batch, false);
}

API curandCreateGenerator(void **generator, int) {
  *generator = new Handle;
  return 0;
}
API curandDestroyGenerator(void *generator) {
  delete (Handle *)generator;
  return 0;
}
API curandSetStream(void *, void *) { return 0; }
API curandSetPseudoRandomGeneratorSeed(void *, unsigned long long) { return 0; }
// This project draws on the host: a draw on a GPU is an error.
constexpr int NOT_DRAWN = 999; // CURAND_STATUS_INTERNAL_ERROR
API curandGenerateNormal(void *, float *, std::size_t, float, float) { return NOT_DRAWN; }
API curandGenerateNormalDouble(void *, double *, std::size_t, double, double) { return NOT_DRAWN; }
API curandGenerateUniform(void *, float *, std::size_t) { return NOT_DRAWN; }
API curandGenerateUniformDouble(void *, double *, std::size_t) { return NOT_DRAWN; }
