// Where the phone keeps its state. One transaction of IndexedDB reads, changes and writes all of it: no other tab comes
// between, and with strict durability it is on disk before anything is sent. The database is opened for each, because
// browsers close what a page in the background holds.

const DATABASE = 'hazir';
const STORE = 'phone';
const ROW = 'state';

function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

/**
 * Lets `change` change the state and resolves to what it returned once that is durable. Where it throws, or the state
 * cannot be written, nothing changes and the promise is rejected.
 */
export async function change(blank, change) {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
      const store = transaction.objectStore(STORE);
      const request = store.get(ROW);
      let result;
      let fault = null;
      request.onsuccess = () => {
        try {
          const state = request.result || blank();
          result = change(state);
          store.put(state, ROW);
        } catch (error) {
          fault = error;
          transaction.abort();
        }
      };
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(fault || transaction.error || new Error('aborted'));
    });
  } finally {
    database.close();
  }
}

/** Reads the state. */
export async function read(blank) {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const request = database.transaction(STORE).objectStore(STORE).get(ROW);
      request.onsuccess = () => resolve(request.result || blank());
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}
